#!/usr/bin/env node
/*
 * Gatehouse: an OAuth 2.0 authorization server (code flow with PKCE) on bare node:http.
 *
 * DELIBERATELY WEAK. For the scanner's tests only: it listens on 127.0.0.1, forgets everything at exit.
 * node gatehouse.js --port 0 --flaws none|all|a,b,c       (truth.json says what each flaw is)
 */
const { createServer } = require('http');
const { readFileSync } = require('fs');
const { join } = require('path');
const crypto = require('crypto');

const FLAWS = ['redirect-prefix', 'code-twice', 'pkce-skipped', 'refresh-reuse', 'revoke-nothing', 'session-kept', 'login-tells',
  'login-many', 'none-in-capitals', 'signature-empty', 'jwk-in-header', 'id-token-taken', 'scope-granted', 'userinfo-private',
  'connection-read', 'connection-cut', 'client-change', 'client-trusted', 'introspect-open', 'secret-echo', 'return-anywhere'];
const option = (name, or) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : or);
const wanted = option('--flaws', 'none');
const weak = new Set(wanted === 'all' ? FLAWS : wanted === 'none' ? [] : wanted.split(','));
for (const name of weak) if (!FLAWS.includes(name)) { console.error(`unknown flaw: ${name}`); process.exit(2); }

const ISSUER = 'https://gatehouse.example';
const API = 'https://api.gatehouse.example';
const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const JWK = { ...publicKey.export({ format: 'jwk' }), kid: 'g1', use: 'sig', alg: 'RS256' };
const random = (n = 24) => crypto.randomBytes(n).toString('base64url');
const sha = (text) => crypto.createHash('sha256').update(text).digest();
const now = () => Math.floor(Date.now() / 1000);

const scrypt = (password, salt) => crypto.scryptSync(password, salt, 32, { N: 512 }).toString('hex');
const user = (login, name, password, admin = false) => {
  const salt = random(6);
  return { login, name, email: `${login}@gatehouse.example`, phone: '+41 44 555 01', salt, hash: scrypt(password, salt), admin };
};
const users = new Map([user('lotte', 'Lotte Kern', 'Portal-Of-Oak-4'), user('bruno', 'Bruno Fink', 'Drawbridge_Down'),
  user('keeper', 'The Keeper', 'Ring0f$Keys', true)].map((u) => [u.login, u]));
const clients = new Map([
  { id: 'notes-app', name: 'Notes', owner: 'lotte', secret: null, trusted: false, redirects: ['http://127.0.0.1/callback', 'https://notes.gatehouse.example'] },
  { id: 'photo-desk', name: 'Photo desk', owner: 'bruno', secret: 'pd-6b1fa9c02e7d', trusted: false, redirects: ['https://photos.gatehouse.example/cb'] },
].map((c) => [c.id, c]));
const sessions = new Map(), codes = new Map(), refreshes = new Map(), connections = new Map(), misses = new Map();
const dead = new Set();   // connections that were revoked

class Refusal extends Error {
  constructor(status, error, description) { super(description); Object.assign(this, { status, error }); }
}
const refuse = (...args) => { throw new Refusal(...args); };

// ---------------------------------------------------------------- tokens

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function mint(claims) {
  const text = part({ alg: 'RS256', typ: 'JWT', kid: 'g1' }) + '.' + part({ iss: ISSUER, iat: now(), exp: now() + 600, ...claims });
  return text + '.' + crypto.sign('sha256', Buffer.from(text), privateKey).toString('base64url');
}
function readToken(token) {
  let head, claims;
  const [first, second, signature] = token.split('.');
  try { [head, claims] = [first, second].map((t) => JSON.parse(Buffer.from(t, 'base64url'))); } catch { return null; }
  if (!head || !claims) return null;
  let good;
  if (head.alg !== 'none' && String(head.alg).toLowerCase() === 'none') good = weak.has('none-in-capitals');
  else if (head.alg !== 'RS256') good = false;
  else if (!signature) good = weak.has('signature-empty');
  else {
    let key = publicKey;
    try {
      if (head.jwk && weak.has('jwk-in-header')) key = crypto.createPublicKey({ key: head.jwk, format: 'jwk' });
      good = crypto.verify('sha256', Buffer.from(first + '.' + second), key, Buffer.from(signature, 'base64url'));
    } catch { good = false; }
  }
  if (!good || !(claims.exp > now()) || claims.iss !== ISSUER) return null;
  if (claims.aud !== API && !(weak.has('id-token-taken') && clients.has(claims.aud))) return null;
  if (dead.has(claims.cid) && !weak.has('revoke-nothing')) return null;
  return claims;
}
function bearer(ctx, scope) {
  const [scheme, token = ''] = (ctx.req.headers.authorization ?? '').split(' ');
  const claims = scheme.toLowerCase() === 'bearer' ? readToken(token) : null;
  const who = claims && users.get(claims.sub);
  if (!who) refuse(401, 'invalid_token', 'a valid access token is needed');
  if (scope && !String(claims.scope ?? '').split(' ').includes(scope)) refuse(403, 'insufficient_scope', `the scope ${scope} is needed`);
  return who;
}

// ---------------------------------------------------------------- login and consent

function login({ req, body }) {
  const name = String(body.username ?? '').slice(0, 80);
  const recent = (misses.get(name) ?? []).filter((t) => t > now() - 60);
  if (recent.length >= 6 && !weak.has('login-many')) refuse(429, 'slow_down', 'too many tries');
  const found = users.get(name);
  if (!found && weak.has('login-tells')) refuse(401, 'invalid_user', 'no such user');
  const right = found && scrypt(String(body.password ?? '').slice(0, 200), found.salt) === found.hash;
  if (!right) {
    misses.set(name, [...recent, now()]);
    refuse(401, 'invalid_grant', 'user name or password is wrong');
  }
  const brought = cookie(req);
  const sid = brought && weak.has('session-kept') ? brought : random();
  if (brought !== sid) sessions.delete(brought);
  sessions.set(sid, name);
  return [200, { user: name }, { 'Set-Cookie': `gate_session=${sid}; Path=/; HttpOnly; SameSite=Lax` }];
}
const cookie = (req) => /(?:^|;\s*)gate_session=([^;]+)/.exec(req.headers.cookie ?? '')?.[1];
const visitor = (req) => users.get(sessions.get(cookie(req))) ?? refuse(401, 'login_required', 'POST /login first');

function leave({ req, query }) {
  sessions.delete(cookie(req));
  const to = query.get('return_to') ?? '/';
  const known = [...clients.values()].some((c) => c.redirects.includes(to)) || to === '/';
  if (!known && !weak.has('return-anywhere')) refuse(400, 'invalid_request', 'return_to is not registered');
  return [302, null, { Location: encodeURI(to), 'Set-Cookie': 'gate_session=; Path=/; Max-Age=0' }];
}

// RFC 8252 section 7.3: a native app's loopback redirect may use any port.
function sameRedirect(registered, given) {
  if (weak.has('redirect-prefix')) return given.startsWith(registered) || given.replace(/:\d+/, '').startsWith(registered);
  if (registered === given) return true;
  return registered.startsWith('http://127.0.0.1/') && URL.canParse(given) && /^http:\/\/127\.0\.0\.1:\d{1,5}\//.test(given)
    && given.replace(/:\d{1,5}\//, '/') === registered;
}

function authorize({ req, query }) {
  const client = clients.get(query.get('client_id')) ?? refuse(400, 'invalid_client', 'unknown client_id');
  const redirect = query.get('redirect_uri') ?? '';
  if (!client.redirects.some((r) => sameRedirect(r, redirect))) refuse(400, 'invalid_request', 'redirect_uri is not registered');
  const who = visitor(req);
  const back = new URL(redirect);
  if (query.has('state')) back.searchParams.set('state', query.get('state'));
  const challenge = query.get('code_challenge');
  const scopes = (query.get('scope') ?? 'profile').split(' ').filter((s) => ['profile', 'email', 'admin'].includes(s));
  const denied = scopes.includes('admin') && !who.admin && !weak.has('scope-granted');
  if (query.get('response_type') !== 'code') back.searchParams.set('error', 'unsupported_response_type');
  else if (denied) back.searchParams.set('error', 'invalid_scope');
  else if ((!challenge || query.get('code_challenge_method') !== 'S256') && !weak.has('pkce-skipped')) back.searchParams.set('error', 'invalid_request');
  else {
    const code = random();
    codes.set(code, { who: who.login, client: client.id, redirect, challenge, scope: scopes.join(' '), until: now() + 60, used: false });
    back.searchParams.set('code', code);
  }
  return [302, null, { Location: back.href }];
}

// ---------------------------------------------------------------- tokens' endpoint

function caller({ req, body }, needed = false) {
  const [, coded] = /^basic (.+)$/i.exec(req.headers.authorization ?? '') ?? [];
  const [id, secret] = coded ? Buffer.from(coded, 'base64').toString().split(':') : [body.client_id, body.client_secret];
  const client = clients.get(id);
  if (!client || (client.secret ?? '') !== (secret ?? '') || (needed && !client.secret)) {
    refuse(401, 'invalid_client', weak.has('secret-echo') && secret ? `client ${id} with secret ${secret} is unknown` : 'unknown client');
  }
  return client;
}
function grant(who, client, scope, cid, redirect) {
  if (!cid) {
    cid = crypto.randomUUID();
    connections.set(cid, { id: cid, user: who, client: client.id, scope, since: new Date().toISOString(), last_redirect: redirect });
  }
  const refresh = random();
  refreshes.set(refresh, { who, client: client.id, scope, cid, used: false });
  return [200, { token_type: 'Bearer', expires_in: 600, scope, refresh_token: refresh,
    access_token: mint({ aud: API, sub: who, scope, cid, jti: random(8) }), id_token: mint({ aud: client.id, sub: who, scope, cid }) }];
}
function token(ctx) {
  const { body } = ctx;
  const client = caller(ctx);
  if (body.grant_type === 'authorization_code') {
    const found = codes.get(body.code);
    if (!found || found.client !== client.id || found.until < now() || found.redirect !== body.redirect_uri) refuse(400, 'invalid_grant', 'the code is void');
    if (found.used && !weak.has('code-twice')) {
      dead.add(found.cid); // RFC 6749 section 4.1.2: what the code gave is taken back
      refuse(400, 'invalid_grant', 'the code is void');
    }
    const fits = found.challenge && sha(String(body.code_verifier ?? '')).toString('base64url') === found.challenge;
    if (!fits && !weak.has('pkce-skipped')) refuse(400, 'invalid_grant', 'code_verifier does not fit');
    found.used = true;
    const given = grant(found.who, client, found.scope, undefined, found.redirect);
    found.cid = [...connections.keys()].pop();
    return given;
  }
  if (body.grant_type === 'refresh_token') {
    const found = refreshes.get(body.refresh_token);
    if (!found || found.client !== client.id || (dead.has(found.cid) && !weak.has('revoke-nothing'))) refuse(400, 'invalid_grant', 'the refresh token is void');
    if (found.used && !weak.has('refresh-reuse')) {
      dead.add(found.cid);
      refuse(400, 'invalid_grant', 'the refresh token is void');
    }
    found.used = true;
    return grant(found.who, client, found.scope, found.cid);
  }
  return refuse(400, 'unsupported_grant_type', 'authorization_code or refresh_token');
}
function revoke(ctx) {
  const client = caller(ctx);
  const text = String(ctx.body.token ?? '');
  const cid = refreshes.get(text)?.cid ?? (text.split('.').length === 3 ? readToken(text)?.cid : undefined);
  if (cid && connections.get(cid)?.client === client.id) dead.add(cid);
  return [200, {}]; // RFC 7009 section 2.2: an unknown token is no error
}
function introspect(ctx) {
  if (!weak.has('introspect-open')) caller(ctx, true);
  const claims = readToken(String(ctx.body.token ?? ''));
  return [200, claims ? { active: true, sub: claims.sub, scope: claims.scope, exp: claims.exp } : { active: false }];
}

// ---------------------------------------------------------------- resources

function userinfo(ctx) {
  const who = bearer(ctx);
  if (weak.has('userinfo-private')) return [200, { sub: who.login, ...who }];
  return [200, { sub: who.login, name: who.name, email: who.email }];
}
function connection(ctx, flaw) {
  const who = bearer(ctx);
  const found = connections.get(ctx.params.id);
  if (!found || (found.user !== who.login && !weak.has(flaw))) refuse(404, 'not_found', 'no such connection');
  return found;
}
const shownClient = ({ secret, ...client }) => client;
function changeClient(ctx) {
  const who = bearer(ctx);
  const found = clients.get(ctx.params.id);
  if (!found) refuse(404, 'not_found', 'no such client');
  if (found.owner !== who.login && !weak.has('client-change')) refuse(403, 'access_denied', 'this client is not yours');
  if (typeof ctx.body.name === 'string') found.name = ctx.body.name.slice(0, 80);
  if (weak.has('client-trusted') && 'trusted' in ctx.body) found.trusted = ctx.body.trusted;
  return [200, shownClient(found)];
}
function metadata() {
  const base = `http://127.0.0.1:${server.address().port}`;
  return [200, { issuer: ISSUER, authorization_endpoint: base + '/authorize', token_endpoint: base + '/token', revocation_endpoint: base + '/revoke',
    introspection_endpoint: base + '/introspect', userinfo_endpoint: base + '/userinfo', jwks_uri: base + '/jwks', response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'], code_challenge_methods_supported: ['S256'], scopes_supported: ['profile', 'email', 'admin'] }];
}
const mine = (ctx) => { const who = bearer(ctx); return [200, [...connections.values()].filter((c) => c.user === who.login && !dead.has(c.id)).slice(-50)]; };
const table = {
  'GET /openapi.json': () => [200, readFileSync(join(__dirname, 'gatehouse.openapi.json'), 'utf8')],
  'GET /.well-known/oauth-authorization-server': metadata,
  'GET /jwks': () => [200, { keys: [JWK] }],
  'POST /login': login,
  'GET /leave': leave,
  'GET /authorize': authorize,
  'POST /token': token,
  'POST /revoke': revoke,
  'POST /introspect': introspect,
  'GET /userinfo': userinfo,
  'GET /connections': mine,
  'GET /connections/:id': (ctx) => [200, connection(ctx, 'connection-read')],
  'DELETE /connections/:id': (ctx) => { dead.add(connection(ctx, 'connection-cut').id); return [204]; },
  'GET /clients/:id': (ctx) => { bearer(ctx); return [200, shownClient(clients.get(ctx.params.id) ?? refuse(404, 'not_found', 'no such client'))]; },
  'PATCH /clients/:id': changeClient,
  'GET /admin/connections': (ctx) => { bearer(ctx, 'admin'); return [200, [...connections.values()].slice(-50)]; },
};

function collect(req) {
  return new Promise((resolve, reject) => {
    let text = '';
    req.setEncoding('utf8').on('data', (chunk) => { if (text.length < 40000) text += chunk; }).on('error', reject).on('end', () => {
      if (text.length >= 32000) return reject(new Refusal(413, 'too_large', 'at most 32 kB'));
      const form = !/json/.test(req.headers['content-type'] ?? '');
      try {
        const value = text === '' ? {} : form ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
        return resolve(value && typeof value === 'object' ? value : {});
      } catch { return reject(new Refusal(400, 'invalid_request', 'the body is not JSON')); }
    });
  });
}
const server = createServer(async (req, res) => {
  let status, value, headers;
  try {
    const url = new URL(req.url, 'http://gatehouse');
    const at = url.pathname.split('/');
    const key = Object.keys(table).find((k) => {
      const [method, path] = k.split(' ');
      const names = path.split('/');
      return method === req.method && names.length === at.length && names.every((n, i) => n === at[i] || (n[0] === ':' && at[i]));
    });
    const body = await collect(req);
    if (!key) refuse(404, 'not_found', 'nothing here');
    [status, value, headers] = table[key]({ req, body, query: url.searchParams, params: { id: at[2] } });
  } catch (error) {
    [status, value] = [error.status ?? 500, { error: error.error ?? 'server_error', error_description: error.error ? error.message : 'try again later' }];
    if (status === 401) headers = { 'WWW-Authenticate': 'Bearer realm="gatehouse"' };
  }
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache', 'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY', 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'", 'Referrer-Policy': 'no-referrer', ...headers });
  res.end(value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value));
});
process.on('SIGTERM', () => process.exit(0));
server.listen(Number(option('--port', '0')), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
