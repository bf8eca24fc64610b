// Starts Directus in this process, in the working folder, and makes what the tests need through its own API:
// one collection, one policy under which people see and change their own notes only, two people, a note each.
//
// Called by directus.sh: `node directus.mjs MODULES PORT`; file descriptor 3 takes the two ready lines.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, wanted] = process.argv.slice(2);
const port = Number(wanted) || (await freePort());
const url = `http://127.0.0.1:${port}`;
const people = Object.fromEntries(
  ['a', 'b', 'admin'].map((name) => [name, {
    email: `${name}@example.com`,
    password: randomBytes(12).toString('base64url'),
    token: randomBytes(24).toString('base64url'),
  }]),
);

// What Directus ships as defaults stays, but for: where it listens and keeps things, a production server's
// reserve (NODE_ENV), and whatever would call out of the machine.
Object.assign(process.env, {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: String(port),
  PUBLIC_URL: url,
  SECRET: randomBytes(32).toString('base64url'),
  DB_CLIENT: 'sqlite3',
  DB_FILENAME: './data.db',
  TEMP_PATH: './temp',
  SERVE_APP: 'false',
  ROOT_REDIRECT: 'false',
  TELEMETRY: 'false',
  PRESSURE_LIMITER_ENABLED: 'false',
  EMAIL_VERIFY_SETUP: 'false',
  ADMIN_EMAIL: people.admin.email,
  ADMIN_PASSWORD: people.admin.password,
  ADMIN_TOKEN: people.admin.token,
  LOG_STYLE: 'raw',
});

lay();
bootstrap();
const api = await import(pathToFileURL(join(modules, '@directus/api/dist/server.js')));
await api.startServer();
await answering();
await furnish();
for (const [file, { token }] of [['directus.openapi.json', people.a], ['directus.admin.openapi.json', people.admin]]) {
  const document = await call(token, 'GET', '/server/specs/oas');
  writeFileSync(file, `${JSON.stringify(document, null, 1)}\n`);
}
const accounts = JSON.stringify({ url, ...people });
writeFileSync('accounts.json', `${accounts}\n`, { mode: 0o600 });
writeSync(3, `listening on ${url}\n${accounts}\n`);

// What `directus init` would lay out in a project's folder.
function lay() {
  mkdirSync('uploads');
  mkdirSync('extensions');
  writeFileSync('package.json', '{ "private": true }\n');
}

// Makes the tables and the administrator, with Directus's own command.
function bootstrap() {
  const cli = join(modules, '@directus/api/dist/cli/run.js');
  const run = spawnSync(process.execPath, [cli, 'bootstrap'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.status !== 0) throw new Error(`directus bootstrap ended with ${run.status ?? run.signal}`);
}

// Asks until the server answers, for half a minute at most.
async function answering() {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      if ((await fetch(`${url}/server/ping`)).ok) return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function furnish() {
  const admin = (method, path, body) => call(people.admin.token, method, path, body);
  await admin('POST', '/collections', {
    collection: 'notes',
    schema: {},
    meta: { note: 'What people write down for themselves.' },
    fields: [
      { field: 'id', type: 'integer', meta: { hidden: true }, schema: { is_primary_key: true, has_auto_increment: true } },
      { field: 'title', type: 'string', meta: { required: true }, schema: { is_nullable: false } },
      { field: 'body', type: 'text' },
      { field: 'user_created', type: 'uuid', meta: { special: ['user-created'], readonly: true } },
      { field: 'date_created', type: 'timestamp', meta: { special: ['date-created'], readonly: true } },
    ],
  });
  await admin('POST', '/relations', { collection: 'notes', field: 'user_created', related_collection: 'directus_users' });

  const own = { user_created: { _eq: '$CURRENT_USER' } };
  const self = { id: { _eq: '$CURRENT_USER' } };
  const writable = ['title', 'body'];
  const { data: role } = await admin('POST', '/roles', { name: 'Member' });
  await admin('POST', '/policies', {
    name: 'Own notes',
    admin_access: false,
    app_access: false,
    roles: { create: [{ role: { id: role.id } }], update: [], delete: [] },
    permissions: {
      create: [
        { collection: 'notes', action: 'create', permissions: {}, fields: writable },
        { collection: 'notes', action: 'read', permissions: own, fields: ['*'] },
        { collection: 'notes', action: 'update', permissions: own, fields: writable },
        { collection: 'notes', action: 'delete', permissions: own },
        { collection: 'directus_users', action: 'read', permissions: self, fields: ['id', 'email', 'first_name', 'last_name'] },
        { collection: 'directus_users', action: 'update', permissions: self, fields: ['first_name', 'last_name'] },
      ],
      update: [],
      delete: [],
    },
  });
  for (const name of ['a', 'b']) {
    const { data: person } = await admin('POST', '/users', { ...people[name], first_name: name.toUpperCase(), role: role.id, status: 'active' });
    people[name].id = person.id;
    const { data: note } = await call(people[name].token, 'POST', '/items/notes', { title: `A note of ${name}`, body: 'Nobody else reads this.' });
    people[name].note = note.id;
  }
}

// One call of the API; gives the answer's JSON, and throws what Directus said when it refused.
async function call(token, method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
