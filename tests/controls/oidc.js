// Serves an OpenID provider (oidc-provider) and one resource on loopback: `oidc.js PORT` (port 0: a free one).
//
// Started by oidc.sh, under the Node.js of tests/vendors/node.sh. Prints `listening on
// http://127.0.0.1:PORT`, then its accounts and clients as JSON. SIGTERM ends it.
// The protocol is all oidc-provider's; what stands here is what its manual asks a deployer for: accounts,
// clients, keys, a login and consent page, lifetimes. `/whoami` takes JWT access tokens, checked by jose.
'use strict';

const { generateKeyPairSync, randomBytes, scryptSync, timingSafeEqual } = require('node:crypto');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const MODULES = join(__dirname, '../../.cache/vendors/node_modules');

// Test accounts and clients: they exist in this process only.
const PASSWORDS = { a: 'tin-anchor-violet-93', b: 'oak-beacon-copper-27' };
const PUBLIC_CLIENT = { client_id: 'console', redirect_uris: ['http://127.0.0.1/callback'] };
const CONFIDENTIAL_CLIENT = {
  client_id: 'backend',
  client_secret: 'nQ3xv0cB7yJm5sTqk2uWd8RzLh4eFgPa',
  redirect_uris: ['http://127.0.0.1/callback'],
};

const accounts = Object.fromEntries(Object.entries(PASSWORDS).map(([name, password]) => {
  const salt = randomBytes(16);
  return [name, { salt, hash: scryptSync(password, salt, 32) }];
}));
const nobody = { salt: randomBytes(16), hash: randomBytes(32) };

async function main() {
  if (process.argv.length !== 3) {
    console.error('usage: oidc.js PORT');
    process.exit(2);
  }
  const library = (path) => import(pathToFileURL(join(MODULES, path)));
  const { Provider, errors } = await library('oidc-provider/lib/index.js');
  const { default: MemoryAdapter } = await library('oidc-provider/lib/adapters/memory_adapter.js');
  const { default: LRU } = await library('oidc-provider/lib/helpers/lru.js');
  const jose = await library('jose/dist/webapi/index.js');

  // The issuer names the port, so the socket is bound first and the provider answers on it after.
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(process.argv[2]), '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const keys = signingKeys();
  // The library's own store forgets all but its last thousand entries; a scan makes more than that.
  const store = new LRU({ maxSize: 1_000_000 });
  const provider = new Provider(issuer, {
    ...configuration(issuer, keys, errors),
    adapter: (model) => new MemoryAdapter(model, store),
  });
  provider.use(hardened);
  provider.use(interactions(provider));
  provider.use(resource(issuer, keys, jose));
  server.on('request', provider.callback());

  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
  console.log(`listening on ${issuer}`);
  console.log(JSON.stringify({ url: issuer, accounts: PASSWORDS, clients: [PUBLIC_CLIENT, CONFIDENTIAL_CLIENT] }));
}

function configuration(issuer, keys, errors) {
  return {
    clients: [
      { ...PUBLIC_CLIENT, application_type: 'native', token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] },
      { ...CONFIDENTIAL_CLIENT, grant_types: ['authorization_code', 'refresh_token'] },
    ],
    jwks: { keys },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, name) => (Object.hasOwn(accounts, name) ? {
      accountId: name,
      claims: () => ({ sub: name, name: `Person ${name}`, email: `${name}@example.com`, email_verified: true }),
    } : undefined),
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => page(ctx, 'Sign out', `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`),
        postLogoutSuccessSource: (ctx) => page(ctx, 'Signed out', ''),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => false,
        getResourceServerInfo: (_, indicator) => {
          if (indicator !== `${issuer}/whoami`) {
            throw new errors.InvalidTarget();
          }
          return { scope: 'read', audience: indicator, accessTokenFormat: 'jwt', accessTokenTTL: 3600, jwt: { sign: { alg: 'RS256' } } };
        },
      },
    },
    responseTypes: ['code'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    renderError: (ctx, out) => page(ctx, 'Refused', `<p>${escape(out.error)}: ${escape(out.error_description ?? '')}</p>`),
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400 },
  };
}

function signingKeys() {
  const pairs = [
    { alg: 'RS256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    { alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  ];
  return pairs.map(({ alg, privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomBytes(8).toString('hex') }));
}

async function hardened(ctx, next) {
  ctx.set({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  });
  await next();
}

// The login and consent pages: GET /interaction/{uid} shows the one that is due, POST answers it.
function interactions(provider) {
  const failures = new Map();
  return async (ctx, next) => {
    if (!/^\/interaction\/[\w-]+$/.test(ctx.path) || !['GET', 'POST'].includes(ctx.method)) return next();
    ctx.set('cache-control', 'no-store');
    let due;
    try {
      due = await provider.interactionDetails(ctx.req, ctx.res);
    } catch {
      ctx.status = 400;
      return page(ctx, 'Refused', '<p>This login is over, or was begun elsewhere.</p>');
    }
    if (due.prompt.name === 'consent') {
      if (ctx.method === 'POST') return consented(provider, ctx, due);
      return page(ctx, 'Allow', `<p>${escape(due.params.client_id)} asks for: ${escape(due.params.scope ?? '')}</p>${form('<button>Allow</button>')}`);
    }
    if (ctx.method === 'GET') return page(ctx, 'Sign in', loginForm());
    const { login = '', password = '' } = await formOf(ctx);
    if (held(failures, login)) {
      ctx.status = 429;
      ctx.set('retry-after', '60');
      return page(ctx, 'Sign in', '<p>Too many tries. Wait a minute.</p>');
    }
    if (!knows(login, password)) {
      failed(failures, login);
      ctx.status = 401;
      return page(ctx, 'Sign in', `<p>Name and password do not fit.</p>${loginForm()}`);
    }
    failures.delete(login);
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: login } }, { mergeWithLastSubmission: false });
  };
}

async function consented(provider, ctx, { grantId, params, prompt: { details }, session }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  for (const [indicator, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
    grant.addResourceScope(indicator, scopes.join(' '));
  }
  const saved = await grant.save();
  ctx.respond = false;
  return provider.interactionFinished(ctx.req, ctx.res, { consent: grantId ? {} : { grantId: saved } }, { mergeWithLastSubmission: true });
}

// GET /whoami: what a resource server does with a JWT access token (RFC 9068), by jose.
function resource(issuer, keys, jose) {
  const known = jose.createLocalJWKSet({ keys: keys.map(({ kty, n, e, crv, x, y, alg, use, kid }) => ({ kty, n, e, crv, x, y, alg, use, kid })) });
  return async (ctx, next) => {
    if (ctx.path !== '/whoami') return next();
    ctx.set('cache-control', 'no-store');
    if (ctx.method !== 'GET') {
      ctx.set('allow', 'GET');
      ctx.status = 405;
      ctx.body = { error: 'method_not_allowed' };
      return undefined;
    }
    const [, token] = /^Bearer ([\w.~+/=-]+)$/i.exec(ctx.get('authorization')) ?? [];
    if (!token) return refused(ctx, 401, 'Bearer', 'no_token');
    try {
      const { payload } = await jose.jwtVerify(token, known, { issuer, audience: `${issuer}/whoami`, typ: 'at+jwt', algorithms: ['RS256'] });
      if (!(payload.scope ?? '').split(' ').includes('read')) {
        return refused(ctx, 403, 'Bearer error="insufficient_scope", scope="read"', 'insufficient_scope');
      }
      ctx.body = { sub: payload.sub, client_id: payload.client_id, scope: payload.scope };
    } catch {
      return refused(ctx, 401, 'Bearer error="invalid_token"', 'invalid_token');
    }
    return undefined;
  };
}

function refused(ctx, status, challenge, error) {
  ctx.status = status;
  ctx.set('www-authenticate', challenge);
  ctx.body = { error };
}

function knows(name, password) {
  const { salt, hash } = Object.hasOwn(accounts, name) ? accounts[name] : nobody;
  return timingSafeEqual(scryptSync(password, salt, 32), hash);
}

// Five failures hold a name for a minute from the last one.
function held(failures, name) {
  const entry = failures.get(name);
  if (entry && Date.now() - entry.last > 60_000) failures.delete(name);
  return (failures.get(name)?.count ?? 0) >= 5;
}

function failed(failures, name) {
  failures.set(name, { count: (failures.get(name)?.count ?? 0) + 1, last: Date.now() });
}

async function formOf(ctx) {
  const chunks = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    size += chunk.length;
    if (size > 8192) ctx.throw(413);
    chunks.push(chunk);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
}

function page(ctx, title, body) {
  ctx.type = 'html';
  ctx.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  ctx.body = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>`;
}

function loginForm() {
  return form('<input name="login" autocomplete="username"><input name="password" type="password"><button>Sign in</button>');
}

function form(fields) {
  return `<form method="post">${fields}</form>`;
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
