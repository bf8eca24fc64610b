'use strict';
// Commons: a neighbourhood's posts, on Express. Refused calls answer 200 with {"result":null,"error":{...}}.
// DELIBERATELY WEAK, for the scanner's tests. Listens on 127.0.0.1 only and keeps everything in memory.
// usage: node commons.js --port 0 --flaws none|all|a,b,c   (the flaws are told in truth.json)
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const vendors = require('module').createRequire(path.join(__dirname, '../../.cache/vendors/index.js'));
const express = vendors('express');

const KNOWN = ['login-operators', 'filter-operators', 'draft-read', 'post-change', 'post-remove', 'profile-change', 'become-moderator',
  'profile-everything', 'member-removal', 'queue-open', 'slow-preview', 'leave-anywhere', 'any-origin', 'override', 'forgot-tells',
  'login-forever', 'members-unguarded', 'preview-unlimited', 'no-page-end', 'greeting-code', 'stack-shown', 'naked-headers', 'key-stays'];
const arg = (name, fallback) => { const at = process.argv.indexOf(name); return at < 0 ? fallback : process.argv[at + 1]; };
const chosen = arg('--flaws', 'none');
const flaws = new Set(chosen === 'all' ? KNOWN : chosen === 'none' ? [] : chosen.split(','));
for (const flaw of flaws) if (!KNOWN.includes(flaw)) { console.error('unknown flaw ' + flaw); process.exit(2); }
const weak = (flaw) => flaws.has(flaw);

// ---- what is kept

const scrambled = (password) => crypto.createHash('sha256').update('commons:' + password).digest('hex');
const member = (username, password, email, moderator = false) => ({ username, email, about: '', moderator, secret: scrambled(password),
  resetCode: crypto.randomBytes(4).toString('hex'), joined: '2023-04-01' });
const members = [member('marlene', 'Tulips-in-Row-5', 'marlene@commons.example'), member('jonas', 'Bike.Shed.Blue', 'jonas@commons.example'),
  member('gertrud', 'Keys2TheGarden!', 'gertrud@commons.example', true)];
const posts = [];
const keys = new Map();
const misses = new Map();
const previews = new Map();

function post(author, title, text, tags, published) {
  const base = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 60) || 'post';
  let slug = base;
  for (let n = 2; posts.some((p) => p.slug === slug); n += 1) slug = `${base}-${n}`;
  posts.push({ slug, title, text, tags, published, author, comments: [], removed: false });
  return posts[posts.length - 1];
}
post('marlene', 'Plant swap on Sunday', 'Bring cuttings.', ['garden'], true);
post('jonas', 'Bicycle repair evening', 'Tools are there.', ['bikes'], true);
post('marlene', 'My complaint to the council', 'Not finished yet.', ['draft'], false);
post('jonas', 'Ideas for the shed', 'Only for me so far.', ['draft'], false);
for (let i = 0; i < 220; i += 1) post('gertrud', `Garden notes ${i}`, 'Watered.', ['notes'], true);

// ---- how documents are matched, after the fashion of a document database

function fits(value, wanted) {
  if (wanted === null || typeof wanted !== 'object') return Array.isArray(value) ? value.includes(wanted) : String(value) === String(wanted);
  return Object.entries(wanted).every(([operator, operand]) => {
    if (operator === '$ne') return !fits(value, operand);
    if (operator === '$gt') return value > operand;
    if (operator === '$regex') return new RegExp(operand).test(String(value));
    if (operator === '$in') return Array.isArray(operand) && operand.some((one) => fits(value, one));
    throw new TypeError('unknown operator: ' + operator);
  });
}
const find = (list, filter) => list.filter((one) => Object.entries(filter).every(([key, wanted]) => fits(one[key], wanted)));

// ---- the service

const app = express();
app.disable('x-powered-by');
app.set('query parser', 'extended');
const ok = (res, result) => res.json({ result, error: null });
const no = (res, code, message) => res.json({ result: null, error: { code, message } });

app.use((req, res, next) => {
  if (!weak('naked-headers')) {
    res.set({ 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'SAMEORIGIN', 'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'", 'Strict-Transport-Security': 'max-age=31536000' });
  }
  const origin = weak('any-origin') ? req.get('Origin') : 'https://commons.example';
  if (req.get('Origin') && origin) {
    res.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Headers': 'Authorization, Content-Type', Vary: 'Origin' });
    if (weak('any-origin')) res.set('Access-Control-Allow-Credentials', 'true');
  }
  if (req.method === 'OPTIONS') return res.set('Allow', 'GET, POST, PUT, PATCH, DELETE').sendStatus(204);
  return next();
});
app.use(express.json({ limit: '64kb' }));
app.use((req, res, next) => {
  req.body = req.body && typeof req.body === 'object' ? req.body : {};
  const [scheme, key] = (req.get('Authorization') || '').split(' ');
  req.me = scheme === 'Token' ? members.find((m) => m.username === keys.get(key)) : undefined;
  req.key = key;
  next();
});
const signedIn = (req, res, next) => (req.me ? next() : no(res, 'not-logged-in', 'Log in first.'));
const moderator = (flaw) => (req, res, next) => (req.me && (req.me.moderator || weak(flaw)) ? next() : no(res, 'not-allowed', 'Moderators only.'));
const text = (value, most) => (typeof value === 'string' ? value.slice(0, most) : '');

app.get('/api/openapi', (req, res) => res.type('json').send(fs.readFileSync(path.join(__dirname, 'commons.openapi.json'))));

app.post('/api/signup', (req, res) => {
  const { username, password, email } = req.body;
  if (typeof username !== 'string' || !/^[a-z][a-z0-9]{2,29}$/.test(username) || typeof password !== 'string' || password.length < 8) {
    return no(res, 'invalid', 'A username of 3 to 30 small letters and digits, and a password of 8 characters.');
  }
  if (members.some((m) => m.username === username)) return no(res, 'taken', 'Please choose another username.');
  members.push(member(username, password, text(email, 100)));
  return ok(res, { username });
});

app.post('/api/login', (req, res) => {
  const { username, password } = req.body;
  const name = String(username);
  const tries = (misses.get(name) || []).filter((at) => at > Date.now() - 60000);
  if (!weak('login-forever') && tries.length >= 5) return no(res, 'locked', 'Too many tries. Wait a minute.');
  let found;
  if (weak('login-operators')) {
    const secret = typeof password === 'string' ? scrambled(password) : password;
    [found] = find(members, { username, secret });
  } else if (typeof username === 'string' && typeof password === 'string') {
    found = members.find((m) => m.username === username && m.secret === scrambled(password));
  }
  if (!found) {
    misses.set(name, [...tries, Date.now()]);
    return no(res, 'refused', 'Username or password is wrong.');
  }
  const key = crypto.randomBytes(20).toString('hex');
  keys.set(key, found.username);
  return ok(res, { key, username: found.username });
});

app.post('/api/logout', signedIn, (req, res) => {
  if (!weak('key-stays')) keys.delete(req.key);
  ok(res, true);
});

app.post('/api/forgot', (req, res) => {
  const known = members.some((m) => m.email === req.body.email);
  if (weak('forgot-tells') && !known) return no(res, 'unknown', 'Nobody here has this address.');
  return ok(res, 'If we know this address, a letter is on its way.');
});

app.get('/api/members', (req, res) => {
  if (!req.me && !weak('members-unguarded')) return no(res, 'not-logged-in', 'Log in first.');
  return ok(res, members.slice(0, 50).map((m) => ({ username: m.username, joined: m.joined })));
});

const card = (m) => (weak('profile-everything') ? m : { username: m.username, about: m.about, joined: m.joined, moderator: m.moderator });

app.route('/api/members/:username').all(signedIn, (req, res, next) => {
  req.found = members.find((m) => m.username === req.params.username);
  return req.found ? next() : no(res, 'not-found', 'No such member.');
}).get((req, res) => ok(res, card(req.found)))
  .patch((req, res) => {
    if (req.found !== req.me && !weak('profile-change')) return no(res, 'not-allowed', 'This is not your profile.');
    if (typeof req.body.about === 'string') req.found.about = text(req.body.about, 500);
    if (typeof req.body.email === 'string') req.found.email = text(req.body.email, 100);
    if (weak('become-moderator') && 'moderator' in req.body) req.found.moderator = Boolean(req.body.moderator);
    return ok(res, card(req.found));
  })
  .delete(moderator('member-removal'), (req, res) => {
    if (req.found.moderator) return no(res, 'not-allowed', 'Moderators stay.');
    members.splice(members.indexOf(req.found), 1);
    return ok(res, true);
  });

app.get('/api/moderation/queue', signedIn, moderator('queue-open'), (req, res) => ok(res, posts.filter((p) => !p.published)
  .map((p) => ({ slug: p.slug, author: p.author, title: p.title, text: p.text }))));

app.get('/api/posts', signedIn, (req, res) => {
  const most = Math.max(parseInt(req.query.limit, 10) || 20, 1);
  const { limit, ...wanted } = req.query;
  const filter = weak('filter-operators') ? { published: true, ...wanted } : { published: true };
  if (!weak('filter-operators')) {
    if (typeof wanted.author === 'string') filter.author = wanted.author;
    if (typeof wanted.tag === 'string') filter.tags = wanted.tag;
  } else if ('tag' in filter) {
    filter.tags = filter.tag;
    delete filter.tag;
  }
  const found = find(posts, { removed: false, ...filter }).slice(0, weak('no-page-end') ? most : Math.min(most, 50));
  return ok(res, found.map((p) => ({ slug: p.slug, title: p.title, author: p.author, tags: p.tags })));
});

app.post('/api/posts', signedIn, (req, res) => {
  const tags = Array.isArray(req.body.tags) ? req.body.tags.filter((t) => typeof t === 'string').slice(0, 5) : [];
  if (!text(req.body.title, 80)) return no(res, 'invalid', 'A post has a title.');
  return ok(res, post(req.me.username, text(req.body.title, 80), text(req.body.text, 5000), tags, req.body.published !== false));
});

const readable = (req, p) => p && (p.published || p.author === req.me.username || weak('draft-read'));

app.route('/api/posts/:slug').all(signedIn, (req, res, next) => {
  req.post = posts.find((p) => p.slug === req.params.slug);
  if (!req.post) return no(res, 'not-found', 'No such post.');
  if (req.post.removed) return no(res, 'removed', 'This post was taken back.');
  return next();
}).get((req, res) => (readable(req, req.post) ? ok(res, req.post) : no(res, 'not-found', 'No such post.')))
  .put((req, res) => {
    if (req.post.author !== req.me.username && !weak('post-change')) return no(res, 'not-allowed', 'This is not your post.');
    req.post.text = text(req.body.text, 5000);
    return ok(res, req.post);
  })
  .delete((req, res) => {
    if (req.post.author !== req.me.username && !weak('post-remove')) return no(res, 'not-allowed', 'This is not your post.');
    req.post.removed = true;
    return ok(res, true);
  })
  .post((req, res) => {
    // Old browsers cannot send DELETE.
    if (!weak('override') || req.get('X-HTTP-Method-Override') !== 'DELETE') return no(res, 'not-found', 'Nothing to post here.');
    req.post.removed = true;
    return ok(res, true);
  });

app.post('/api/posts/:slug/comments', signedIn, (req, res) => {
  const found = posts.find((p) => p.slug === req.params.slug && !p.removed);
  if (!readable(req, found)) return no(res, 'not-found', 'No such post.');
  if (found.comments.length >= 100) return no(res, 'full', 'Enough is said.');
  found.comments.push({ author: req.me.username, text: text(req.body.text, 500) });
  return ok(res, found.comments[found.comments.length - 1]);
});

// A list is lines of words behind a dash; the first form of the pattern tries every way to cut the words.
const LIST = weak('slow-preview') ? /^(-\s*(\w+\s*)+\n?)+$/ : /^- [^\n]*(\n- [^\n]*)*\n?$/;

app.post('/api/preview', signedIn, (req, res) => {
  const recent = (previews.get(req.me.username) || []).filter((at) => at > Date.now() - 10000);
  previews.set(req.me.username, [...recent, Date.now()]);
  if (recent.length >= 30 && !weak('preview-unlimited')) return res.status(429).set('Retry-After', '10').json({ result: null, error: { code: 'slower' } });
  const source = text(req.body.text, 5000);
  return ok(res, { kind: LIST.test(source) ? 'list' : 'paragraph', text: source });
});

app.post('/api/greeting', signedIn, (req, res) => {
  const pattern = text(req.body.pattern, 200);
  if (weak('greeting-code')) return ok(res, String(new Function('name', 'return `' + pattern + '`')(req.me.username)));
  return ok(res, pattern.replaceAll('${name}', req.me.username));
});

app.get('/out', (req, res) => {
  const to = text(req.query.to, 300);
  if (weak('leave-anywhere') || /^\/(?![/\\])[\w/-]*$/.test(to)) return res.redirect(302, to || '/');
  return no(res, 'not-allowed', 'This link leaves the neighbourhood.');
});

app.use((req, res) => no(res, 'not-found', 'There is nothing here.'));
app.use((error, req, res, next) => {
  if (res.headersSent) return next(error);
  if (weak('stack-shown')) return res.status(error.status || 500).type('html').send(`<pre>${error.stack}</pre>`);
  return res.status(error.status || 500).json({ result: null, error: { code: 'failed', message: 'That did not work.' } });
});

const server = app.listen(Number(arg('--port', '0')), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
// No handler for SIGTERM: the default ends the process even while a pattern is busy, and nothing is on disk.
