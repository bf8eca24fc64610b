// deskhand.js - a helpdesk of many organisations. Fastify, SQLite (sql.js), nunjucks.
//
// !! DELIBERATELY WEAK: a practice target for the scanner. Loopback only, all in memory.
// !! node deskhand.js --port 0 --flaws none|all|a,b,c   (see truth.json)
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const crypto = require('node:crypto')
const vendors = require('node:module').createRequire(path.join(__dirname, '../../.cache/vendors/index.js'))
const Fastify = vendors('fastify')
const nunjucks = vendors('nunjucks')
const initSqlJs = vendors('sql.js')

const flawNames = `ticket-other-org ticket-change-org ticket-drop-org comment-edit filter-delete attachment-read bulk-status search-all-orgs
 member-role audit-open me-superuser ticket-spread members-private comments-open macro-code file-up status-sql out-anywhere origin-any
 key-confused key-embedded stack-shown limit-free body-free revoke-kept`.trim().split(/\s+/)
const args = Object.fromEntries(process.argv.slice(2).map((a, n, all) => [a, all[n + 1]]))
const asked = args['--flaws'] ?? 'none'
const flaws = new Set(asked === 'all' ? flawNames : asked === 'none' ? [] : asked.split(','))
const strangers = [...flaws].filter((f) => !flawNames.includes(f))
if (strangers.length) { process.stderr.write(`unknown flaws: ${strangers}\n`); process.exit(2) }
const has = (name) => flaws.has(name)

const DOCUMENT = fs.readFileSync(path.join(__dirname, 'deskhand.openapi.yaml'), 'utf8')
const KEY = crypto.createPrivateKey(`-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDGUuPltixJeCvi
KPMHtJ2aIvUmzfZrjk/6seXHN1HqIEOK92CWumDTRv4P9gYgl4zjDZ9dmsL6xbFl
F109CqjYHV3/8XeBrhUlmwE7XvGR22Mp2bx+YeJXuJj2UBm522WAPEPdPkgMg9GP
H3OOxlTfM8YhyJzNqSFYs4hhbOHp9o+BRVroEHvu8iWpVojoqYB8GefUbd/QOap+
vUT09af6uQmvZ6IBEp/O76lQtxPM3gi9Umql+CU1pgadLVqCUjAieQvNaCjru6Au
b5I4E7tkLL76Q8DDlhxogp5sf1DTXLewU23N+VtMYUFGj4QxYaFq+fhHsuNwoAeN
TsqolATZAgMBAAECggEAA+r/i6pV3+TcPhQCcBqoTz3FTifSaE/NN/CeL4Q3OFrn
PAZffb7PGqFr3mdvzyKbUuF8zl84M/bQ8Tmyes9xpDpZS5eq6Bs8WaFhLKR3UoMN
EkFgpPZcqmW60jPlJuEvv/EA2LeKJMLREnoj4OmoDn7x+TkivY6Lr8+f1ZKOeH4g
msymFanA+jSVIxv7EOTA1wczLforu+a7uHYOtJywdAVwXESw4SzX1AdVtvlUlhzS
bwFPJnJwQkjE/bQ3T3aBUMgj7/iZDYIlo0b4tSRUNlLfZYJD6iJCQgi+NcCM1Otj
zYV6NbUJ7T/eujZ6K2jBNlirkPmRZpcUsLaK/ZH/IQKBgQDsaH30fTJPSum+ls56
kzRIFq9n6yysg1kicmQ0V9Oao6uuiW93lVZ/pnLk89wlcw4gDEIqzZkknTX1ONs2
K/Y0FIZwfgPSu1oNOrd+uA6qh7uU+m3qjPSyZy0jHleqe5H4svKdfZ3+xc+UEdPy
f6mfZUkb7dmhB103uKin2SLeOQKBgQDWwmupJ6XJMREgJAgkCvd39aA9lnxWQlim
2vfS7iw/NU+70BI4VnOZmMGgiaGznLhQAXdNBIErJTKtOSRsObmpKo2EIRNQHNDm
Hq206g1qb0NSYDIXjKph9snJvQMpHwqcAmwpfm+eWFMNA3U+D6/+DDTHbdV2FfSL
9+W02ehboQKBgQCaiNOM9ink2ztgcoQWbBNI7EtMytYxDss9UTlfXenctBCNzxkm
OmCIoO2J7D6D3GnnWRwHjs4EuR+EZN4m0yXldWVMM5OcNQvwielY1EgCASgFgo5H
PEzYMcm3oyX7MzuALrmZaXvWBshiKiU552mh4DuiHiCcuouc2QCmd7HrQQKBgQCx
7HF1uztG7DfcAP4dnlhYMk+Htt1cOato0ZDwWBKga3Kbj08JDdbIMh54+o3VWMn6
vrwwOsMpE7Bggy8B2vFOjcqg5SYzASyw+km/0Qk8XOHRpZDaodenQeb8FHRB5U3M
4tTpq66d6V8lMPA5cpXETCiN8RkgtB/etorAwqgXAQKBgFbDKTYF6vaXgCaHjHYf
DIKdUUQXbVeu3AJHh14dmapsUF8lI1fQ8RuZXH0s6PfeAz6uVu6gdepmv6Yr2k4N
za6RmToK7pT35Ld48YPsE2r0NySBRjboscRbktOzl85hvxUIlNxROSG1age4Vtjt
rW285HxY4uIW7edTOiO8o1Pa
-----END PRIVATE KEY-----`)
const PUBLIC = crypto.createPublicKey(KEY)
const PEM = PUBLIC.export({ type: 'spki', format: 'pem' })
const JWK = { ...PUBLIC.export({ format: 'jwk' }), kid: 'dh-2024', use: 'sig', alg: 'RS256' }
const ISS = 'https://id.deskhand.example'
const AUD = 'https://api.deskhand.example'
const BODY = 256 * 1024
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deskhand-'))
const stop = () => { fs.rmSync(folder, { recursive: true, force: true }); process.exit(0) }
process.on('SIGTERM', stop)
process.on('SIGINT', stop)

class No extends Error {
  constructor (status, code, message) { super(message); Object.assign(this, { status, slug: code }) }
}
const need = (condition, status, code, message) => { if (!condition) throw new No(status, code, message) }
const missing = (what) => new No(404, 'not_found', `${what} not found`)

// --- tokens --------------------------------------------------------------------------------------
const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
function mint (payload) {
  const text = `${b64({ alg: 'RS256', typ: 'JWT', kid: JWK.kid })}.${b64(payload)}`
  return `${text}.${crypto.sign('sha256', Buffer.from(text), KEY).toString('base64url')}`
}
function verify (token) {
  const parts = token.split('.')
  if (parts.length !== 3) return null
  const [head, body] = parts.slice(0, 2).map((p) => JSON.parse(Buffer.from(p, 'base64url')))
  const text = Buffer.from(`${parts[0]}.${parts[1]}`)
  const signature = Buffer.from(parts[2], 'base64url')
  let good = false
  if (head.alg === 'RS256') {
    const key = has('key-embedded') && head.jwk ? crypto.createPublicKey({ key: head.jwk, format: 'jwk' }) : PUBLIC
    good = crypto.verify('sha256', text, key, signature)
  } else if (head.alg === 'HS256' && has('key-confused')) {
    const digest = (key) => crypto.createHmac('sha256', key).update(text).digest()
    good = [PEM, PEM.trimEnd()].some((key) => digest(key).equals(signature))
  }
  const now = Date.now() / 1000
  return good && body.iss === ISS && body.aud === AUD && body.exp > now && !(body.nbf > now) && typeof body.jti === 'string' ? body : null
}

let sql
const rows = (statement, ...values) => {
  const s = sql.prepare(statement)
  try {
    s.bind(values)
    const out = []
    while (s.step()) out.push(s.getAsObject())
    return out
  } finally { s.free() }
}
const row = (statement, ...values) => rows(statement, ...values)[0]
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
let count = 0
const id = (prefix) => `${prefix}_${Date.now().toString(32).toUpperCase()}${(count++).toString(32).toUpperCase().padStart(4, '0')}${[...crypto.randomBytes(10)].map((b) => ALPHABET[b & 31]).join('')}`
const when = () => new Date().toISOString()

function seed () {
  sql.run(`
  create table orgs(id text primary key, name text, plan text);
  create table users(id text primary key, name text, email text, avatar text, superuser int default 0, passwordHash text, recoveryEmail text, signature text);
  create table members(orgId text, userId text, role text);
  create table tokens(jti text primary key, userId text, name text, created text, revoked int default 0);
  create table tickets(id text primary key, orgId text, authorId text, assigneeId text, subject text, body text, status text, priority text, createdAt text, deletedAt text);
  create table comments(id text primary key, ticketId text, authorId text, body text, createdAt text);
  create table attachments(id text primary key, ticketId text, name text, content text);
  create table filters(id text primary key, userId text, name text, query text);
  create table audit(id integer primary key, orgId text, actor text, action text);`)
  const orgs = [['org_northwind', 'Northwind Traders', ['usr_ingrid', 'usr_helge']], ['org_contoso', 'Contoso Pharma', ['usr_tariq', 'usr_helge']], ['org_jointlab', 'Joint Lab', ['usr_ingrid', 'usr_tariq', 'usr_helge']]]
  for (const [user, name] of [['ingrid', 'Ingrid Solberg'], ['tariq', 'Tariq Nasser'], ['helge', 'Helge Prior']]) {
    rows('insert into users values(?,?,?,?,0,?,?,?)', `usr_${user}`, name, `${user}@desk.example`, `https://avatars.desk.example/${user}.png`,
      `$scrypt$${crypto.randomBytes(24).toString('base64')}`, `${user}.private@mail.example`, `Kind regards, ${name}`)
    rows('insert into tokens values(?,?,?,?,0)', `pat_${user}`, `usr_${user}`, 'Laptop', when())
    rows('insert into filters values(?,?,?,?)', id('flt'), `usr_${user}`, 'My open tickets', `status:open author:${user}`)
  }
  for (const [org, name, people] of orgs) {
    rows('insert into orgs values(?,?,?)', org, name, 'team')
    for (const user of people) rows('insert into members values(?,?,?)', org, user, user === 'usr_helge' ? 'owner' : 'member')
    for (let n = 0; n < 130; n++) {
      const ticket = id('tkt')
      const author = people[n % (people.length - 1)]
      rows('insert into tickets values(?,?,?,null,?,?,?,?,?,null)', ticket, org, author, `${name} printer ${n} is on fire`, `Room ${n}, badge ${crypto.randomInt(1e6)}`, ['open', 'pending', 'solved'][n % 3], 'normal', when())
      if (n < 122) continue
      rows('insert into comments values(?,?,?,?,?)', id('cmt'), ticket, author, `Still burning, call ${crypto.randomInt(1e8)}`, when())
      rows('insert into attachments values(?,?,?,?)', id('att'), ticket, `photo-${n}.txt`, `evidence of ${name}: ${crypto.randomInt(1e9)}`)
    }
    rows('insert into audit(orgId,actor,action) values(?,?,?)', org, 'usr_helge', 'organisation.created')
  }
  for (const [file, text] of [['getting-started.txt', 'Open a ticket and wait.\n'], ['sla.txt', 'We answer within four hours.\n']]) fs.writeFileSync(path.join(folder, file), text)
}
const clients = { 'dhc_northwind_sync': { secret: 'dhs_7f21c0aa59e84b3d9c6ee1b2', user: 'usr_ingrid' } }

// --- who calls -----------------------------------------------------------------------------------
function caller (req, needed = true) {
  const [scheme, token] = String(req.headers.authorization ?? '').split(' ')
  let told = null
  try { told = scheme.toLowerCase() === 'bearer' && token ? verify(token) : null } catch { }
  const dead = told && (row('select revoked from tokens where jti=?', told.jti) ?? { revoked: 1 }).revoked
  const user = told && !(dead && !has('revoke-kept')) && row('select * from users where id=?', String(told.sub))
  if (user) return Object.assign(user, { jti: told.jti })
  need(!needed, 401, 'unauthenticated', 'A valid token is needed')
  return null
}
const role = (me, org) => (me.superuser ? { role: 'owner' } : row('select role from members where orgId=? and userId=?', org, me.id))?.role
function inside (me, org, ...roles) {
  const mine = role(me, org)
  if (!mine || !row('select 1 from orgs where id=?', org)) throw missing('Organisation')
  need(!roles.length || roles.includes(mine), 403, 'forbidden', 'Your role does not allow this')
  return mine
}
function ticketOf (me, ticketId, flaw) {
  const t = row('select * from tickets where id=?', ticketId)
  if (!t || !((flaw && has(flaw)) || role(me, t.orgId))) throw missing('Ticket')
  return t
}
/** A ticket below an organisation of the caller; the weak forms look it up by its own id alone. */
function ticketIn (req, flaw) {
  const me = caller(req)
  inside(me, req.params.orgId)
  const t = has(flaw) ? row('select * from tickets where id=?', req.params.ticketId) : row('select * from tickets where id=? and orgId=?', req.params.ticketId, req.params.orgId)
  if (!t) throw missing('Ticket')
  return [t, me]
}
const text = (value, name, most = 200, least = 1) => {
  need(typeof value === 'string' && value.length >= least && value.length <= most, 422, 'invalid', `${name} must be a string of ${least} to ${most} characters`)
  return value
}
const among = (value, name, ...words) => { need(words.includes(value), 422, 'invalid', `${name} must be one of ${words.join(', ')}`); return value }
const object = (value) => value && typeof value === 'object' && !Array.isArray(value) ? value : {}
const STATUS = ['open', 'pending', 'solved']
const userCard = (u) => ({ id: u.id, name: u.name, email: u.email, avatarUrl: u.avatar, signature: u.signature, superuser: !!u.superuser })
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function paging (query) {
  const limit = query.limit === undefined ? 25 : Number(query.limit)
  need(Number.isInteger(limit) && limit > 0 && (limit <= 100 || has('limit-free')), 400, 'invalid', 'limit must be between 1 and 100')
  let start = 0
  if (query.cursor !== undefined) {
    try { start = JSON.parse(Buffer.from(String(query.cursor), 'base64url').toString()).offset } catch (wrong) {
      if (has('stack-shown')) throw wrong
      throw new No(400, 'invalid', 'cursor is not one of ours')
    }
    need(Number.isInteger(start) && start >= 0, 400, 'invalid', 'cursor is not one of ours')
  }
  return [Math.min(limit, 1e9), Math.min(start, 1e9)]
}
const page = (found, limit, start) => ({ data: found.slice(0, limit), meta: { nextCursor: found.length > limit ? b64({ offset: start + limit }) : null } })

// --- operations ----------------------------------------------------------------------------------
function build () {
  const dressing = [['X-Content-Type-Options', 'nosniff'], ['Cache-Control', 'no-store'], ['X-Frame-Options', 'DENY'], ['Referrer-Policy', 'no-referrer'],
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"]]
  const dress = (reply) => { for (const [k, v] of dressing) reply.header(k, v) }
  const frameworkErrors = (wrong, req, reply) => { dress(reply); fail(reply, wrong.statusCode ?? 400, 'invalid', 'The request cannot be read') }
  const app = Fastify({ frameworkErrors, bodyLimit: has('body-free') ? 1e9 : BODY, logger: false, return503OnClosing: false, ajv: { customOptions: { coerceTypes: false } } })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (req, body, done) => done(null, Object.fromEntries(new URLSearchParams(body))))
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (req, body, done) => {
    try { done(null, body ? JSON.parse(body) : {}) } catch { done(new No(400, 'invalid', 'The body is not JSON')) }
  })
  app.addHook('onRequest', async (req, reply) => {
    dress(reply)
    if (has('origin-any') && req.headers.origin && !req.url.startsWith('/api/status')) {
      reply.header('Access-Control-Allow-Origin', req.headers.origin).header('Access-Control-Allow-Credentials', 'true').header('Vary', 'Origin')
    }
    if (!has('body-free') && Number(req.headers['content-length'] ?? 0) > BODY) {
      reply.header('Connection', 'close')
      if (Number(req.headers['content-length']) <= 16 * 1024 * 1024) await new Promise((resolve) => req.raw.resume().once('end', resolve).once('close', resolve))
      throw new No(413, 'too_large', 'The body is too large')
    }
  })
  const fail = (reply, status, code, message, more = {}) => reply.code(status).send({ error: { code, message, requestId: crypto.randomUUID(), ...more } })
  app.setNotFoundHandler((req, reply) => fail(reply, 404, 'not_found', 'No such operation'))
  app.setErrorHandler((wrong, req, reply) => {
    if (wrong instanceof No) return fail(reply, wrong.status, wrong.slug, wrong.message)
    if (wrong.statusCode >= 400 && wrong.statusCode < 500) return fail(reply, wrong.statusCode, 'invalid', wrong.statusCode === 413 ? 'The body is too large' : 'The request cannot be read')
    return fail(reply, 500, 'internal', has('stack-shown') ? wrong.message : 'Something went wrong', has('stack-shown') ? { stack: wrong.stack } : {})
  })

  app.get('/openapi.yaml', (req, reply) => reply.type('application/yaml; charset=utf-8').send(DOCUMENT))
  app.get('/.well-known/jwks.json', async () => ({ keys: [JWK] }))
  app.get('/api/status', async (req, reply) => { reply.header('Access-Control-Allow-Origin', '*'); return { data: { status: 'operational', incident: null, nonce: crypto.randomUUID() } } })

  app.post('/oauth/token', async (req, reply) => {
    const body = object(req.body)
    const basic = /^Basic (.+)$/i.exec(req.headers.authorization ?? '')
    const [clientId, secret] = basic ? Buffer.from(basic[1], 'base64').toString().split(':') : [body.client_id, body.client_secret]
    if (body.grant_type !== 'client_credentials') return reply.code(400).send({ error: 'unsupported_grant_type' })
    const client = Object.hasOwn(clients, String(clientId)) ? clients[clientId] : null
    const digest = (v) => crypto.createHash('sha256').update(String(v)).digest()
    if (!client || !crypto.timingSafeEqual(digest(secret), digest(client.secret))) return reply.code(401).send({ error: 'invalid_client' })
    const [jti, now] = [id('app'), Math.floor(Date.now() / 1000)]
    rows('insert into tokens values(?,?,?,?,0)', jti, client.user, `client ${clientId}`, when())
    return { access_token: mint({ iss: ISS, aud: AUD, sub: client.user, jti, iat: now, exp: now + 1800 }), token_type: 'Bearer', expires_in: 1800 }
  })

  app.get('/api/me', async (req) => ({ data: userCard(caller(req)) }))
  app.patch('/api/me', async (req) => {
    const [me, body] = [caller(req), object(req.body)]
    if ('name' in body) rows('update users set name=? where id=?', text(body.name, 'name', 80), me.id)
    if ('signature' in body) rows('update users set signature=? where id=?', text(body.signature, 'signature', 300, 0), me.id)
    if (has('me-superuser') && 'superuser' in body) rows('update users set superuser=? where id=?', body.superuser ? 1 : 0, me.id)
    return { data: userCard(row('select * from users where id=?', me.id)) }
  })
  app.get('/api/me/tokens', async (req) => ({ data: rows('select jti as id, name, created from tokens where userId=? and revoked=0 order by rowid desc limit 100', caller(req).id) }))
  app.post('/api/me/tokens', async (req, reply) => {
    const [me, name, jti, now] = [caller(req), text(object(req.body).name, 'name', 60), id('pat'), Math.floor(Date.now() / 1000)]
    rows('insert into tokens values(?,?,?,?,0)', jti, me.id, name, when())
    reply.code(201)
    return { data: { id: jti, name, token: mint({ iss: ISS, aud: AUD, sub: me.id, jti, iat: now, exp: now + 7776000 }) } }
  })
  app.delete('/api/me/tokens/:tokenId', async (req, reply) => {
    const me = caller(req)
    const t = row('select * from tokens where jti=? and userId=? and revoked=0', req.params.tokenId, me.id)
    if (!t) throw missing('Token')
    need(t.jti !== me.jti, 409, 'in_use', 'A token cannot revoke itself')
    rows('update tokens set revoked=1 where jti=?', t.jti)
    return reply.code(204).send()
  })

  app.get('/api/orgs', async (req) => ({ data: rows('select o.id, o.name, o.plan, m.role from orgs o join members m on m.orgId=o.id where m.userId=?', caller(req).id) }))
  app.get('/api/orgs/:orgId', async (req) => { inside(caller(req), req.params.orgId); return { data: row('select * from orgs where id=?', req.params.orgId) } })
  app.get('/api/orgs/:orgId/members', async (req) => {
    inside(caller(req), req.params.orgId)
    return { data: rows('select u.*, m.role from users u join members m on m.userId=u.id where m.orgId=? limit 100', req.params.orgId).map((u) => (
      has('members-private') ? { ...u, avatarUrl: u.avatar } : { id: u.id, name: u.name, email: u.email, avatarUrl: u.avatar, role: u.role })) }
  })
  app.patch('/api/orgs/:orgId/members/:userId', async (req) => {
    const { orgId, userId } = req.params
    inside(caller(req), orgId, ...(has('member-role') ? [] : ['owner']))
    if (!row('select 1 from members where orgId=? and userId=?', orgId, userId)) throw missing('Member')
    rows('update members set role=? where orgId=? and userId=?', among(object(req.body).role, 'role', 'member', 'agent', 'owner'), orgId, userId)
    return { data: row('select userId as id, role from members where orgId=? and userId=?', orgId, userId) }
  })
  app.get('/api/orgs/:orgId/audit-log', async (req) => {
    inside(caller(req), req.params.orgId, ...(has('audit-open') ? [] : ['owner']))
    return { data: rows('select id, actor, action from audit where orgId=? order by id desc limit 100', req.params.orgId) }
  })

  app.get('/api/orgs/:orgId/tickets', async (req) => {
    const { orgId } = req.params
    inside(caller(req), orgId)
    const [limit, start] = paging(req.query)
    const status = req.query.status
    if (status !== undefined && has('status-sql')) {
      try {
        return page(rows(`select * from tickets where orgId=? and deletedAt is null and status='${status}' order by rowid desc limit ${limit + 1} offset ${start}`, orgId), limit, start)
      } catch { return page([], limit, start) }
    }
    return page(rows(`select * from tickets where orgId=? and deletedAt is null ${status === undefined ? '' : 'and status=?'} order by rowid desc limit ? offset ?`,
      orgId, ...(status === undefined ? [] : [String(status)]), limit + 1, start), limit, start)
  })
  app.post('/api/orgs/:orgId/tickets', async (req, reply) => {
    const [me, { orgId }, body] = [caller(req), req.params, object(req.body)]
    inside(me, orgId)
    const made = { id: id('tkt'), orgId, authorId: me.id, assigneeId: null, subject: text(body.subject, 'subject', 150, 3), body: text(body.body ?? '', 'body', 5000, 0),
      status: 'open', priority: among(body.priority ?? 'normal', 'priority', 'low', 'normal', 'high'), createdAt: when(), deletedAt: null }
    if (has('ticket-spread')) for (const key of ['orgId', 'authorId', 'status', 'assigneeId', 'createdAt']) if (typeof body[key] === 'string') made[key] = body[key].slice(0, 60)
    rows('insert into tickets values(?,?,?,?,?,?,?,?,?,?)', ...Object.values(made))
    reply.code(201)
    return { data: made }
  })
  app.get('/api/orgs/:orgId/tickets/:ticketId', async (req) => ({ data: ticketIn(req, 'ticket-other-org')[0] }))
  app.patch('/api/orgs/:orgId/tickets/:ticketId', async (req) => {
    const [[t], body] = [ticketIn(req, 'ticket-change-org'), object(req.body)]
    if ('subject' in body) t.subject = text(body.subject, 'subject', 150, 3)
    if ('body' in body) t.body = text(body.body, 'body', 5000, 0)
    if ('status' in body) t.status = among(body.status, 'status', ...STATUS)
    if ('priority' in body) t.priority = among(body.priority, 'priority', 'low', 'normal', 'high')
    rows('update tickets set subject=?, body=?, status=?, priority=? where id=?', t.subject, t.body, t.status, t.priority, t.id)
    return { data: t }
  })
  app.delete('/api/orgs/:orgId/tickets/:ticketId', async (req, reply) => {
    const [t, me] = ticketIn(req, 'ticket-drop-org')
    need(has('ticket-drop-org') || t.authorId === me.id || role(me, t.orgId) !== 'member', 403, 'forbidden', 'Only the author and agents may delete')
    rows('update tickets set deletedAt=? where id=?', when(), t.id)
    return reply.code(204).send()
  })
  app.post('/api/tickets/bulk', async (req) => {
    const [me, body] = [caller(req), object(req.body)]
    need(Array.isArray(body.ticketIds) && body.ticketIds.length > 0 && body.ticketIds.length <= 50 && body.ticketIds.every((i) => typeof i === 'string'), 422, 'invalid', 'ticketIds must be a list of 1 to 50 ids')
    among(body.status, 'status', ...STATUS)
    const out = { updated: [], failed: [] }
    body.ticketIds.forEach((ticket, n) => {
      const t = row('select * from tickets where id=?', ticket)
      if (!t || !(role(me, t.orgId) || (has('bulk-status') && n > 0 && out.updated.length))) return out.failed.push({ ticketId: ticket, code: 'not_found' })
      rows('update tickets set status=? where id=?', body.status, t.id)
      out.updated.push(t.id)
    })
    return { ok: out.failed.length === 0, data: out }
  })

  app.get('/api/tickets/:ticketId/comments', async (req) => {
    const me = caller(req, !has('comments-open'))
    const t = ticketOf(me, req.params.ticketId, 'comments-open')
    return { data: rows('select * from comments where ticketId=? order by rowid limit 100', t.id) }
  })
  app.post('/api/tickets/:ticketId/comments', async (req, reply) => {
    const me = caller(req)
    const t = ticketOf(me, req.params.ticketId)
    const made = { id: id('cmt'), ticketId: t.id, authorId: me.id, body: text(object(req.body).body, 'body', 2000), createdAt: when() }
    rows('insert into comments values(?,?,?,?,?)', ...Object.values(made))
    reply.code(201)
    return { data: made }
  })
  const comment = (me, commentId) => {
    const c = row('select c.*, t.orgId from comments c join tickets t on t.id=c.ticketId where c.id=?', commentId)
    if (!c) throw missing('Comment')
    return c
  }
  app.patch('/api/comments/:commentId', async (req) => {
    const me = caller(req)
    const c = comment(me, req.params.commentId)
    if (!has('comment-edit')) {
      if (!role(me, c.orgId)) throw missing('Comment')
      need(c.authorId === me.id, 403, 'forbidden', 'Only the author may edit')
    }
    rows('update comments set body=? where id=?', text(object(req.body).body, 'body', 2000), c.id)
    return { data: row('select * from comments where id=?', c.id) }
  })
  app.delete('/api/comments/:commentId', async (req, reply) => {
    const me = caller(req)
    const c = comment(me, req.params.commentId)
    if (!role(me, c.orgId)) throw missing('Comment')
    need(c.authorId === me.id || role(me, c.orgId) === 'owner', 403, 'forbidden', 'Only the author and owners may delete')
    rows('delete from comments where id=?', c.id)
    return reply.code(204).send()
  })
  const attachmentCard = (a) => ({ id: a.id, ticketId: a.ticketId, name: a.name, size: a.content.length })
  app.get('/api/tickets/:ticketId/attachments', async (req) => {
    const t = ticketOf(caller(req), req.params.ticketId)
    return { data: rows('select * from attachments where ticketId=? order by rowid desc limit 100', t.id).map(attachmentCard) }
  })
  app.post('/api/tickets/:ticketId/attachments', async (req, reply) => {
    const [t, body] = [ticketOf(caller(req), req.params.ticketId), object(req.body)]
    const made = { id: id('att'), ticketId: t.id, name: text(body.name, 'name', 80), content: text(body.content, 'content', has('body-free') ? 1e9 : 100000, 0) }
    rows('insert into attachments values(?,?,?,?)', ...Object.values(made))
    reply.code(201)
    return { data: attachmentCard(made) }
  })
  app.get('/api/attachments/:attachmentId', async (req) => {
    const me = caller(req)
    const a = row('select a.*, t.orgId from attachments a join tickets t on t.id=a.ticketId where a.id=?', req.params.attachmentId)
    if (!a || !(has('attachment-read') || role(me, a.orgId))) throw missing('Attachment')
    return { data: { ...attachmentCard(a), content: a.content } }
  })

  app.get('/api/search', async (req) => {
    const me = caller(req)
    const q = text(req.query.q, 'q', 100, 2)
    const like = `%${q.replace(/[\\%_]/g, '\\$&')}%`
    const mine = has('search-all-orgs') || me.superuser ? '1=1' : 'orgId in (select orgId from members where userId=?)'
    const found = rows(`select id, orgId, subject, body, status from tickets where deletedAt is null and ${mine} and (subject like ? escape '\\' or body like ? escape '\\') order by rowid desc limit 25`,
      ...(mine === '1=1' ? [] : [me.id]), like, like)
    return { query: q, data: found }
  })

  app.get('/api/filters', async (req) => ({ data: rows('select id, name, query from filters where userId=? order by rowid limit 100', caller(req).id) }))
  app.post('/api/filters', async (req, reply) => {
    const [me, body] = [caller(req), object(req.body)]
    const made = [id('flt'), me.id, text(body.name, 'name', 60), text(body.query, 'query', 200)]
    rows('insert into filters values(?,?,?,?)', ...made)
    reply.code(201)
    return { data: row('select id, name, query from filters where id=?', made[0]) }
  })
  app.put('/api/filters/:filterId', async (req) => {
    const [me, body] = [caller(req), object(req.body)]
    const f = row('select * from filters where id=? and userId=?', req.params.filterId, me.id)
    if (!f) throw missing('Filter')
    rows('update filters set name=?, query=? where id=?', text(body.name, 'name', 60), text(body.query, 'query', 200), f.id)
    return { data: row('select id, name, query from filters where id=?', f.id) }
  })
  app.delete('/api/filters/:filterId', async (req, reply) => {
    const me = caller(req)
    const f = row('select * from filters where id=?', req.params.filterId)
    if (!f || (f.userId !== me.id && !has('filter-delete'))) throw missing('Filter')
    rows('delete from filters where id=?', f.id)
    return reply.code(204).send()
  })

  const env = new nunjucks.Environment(null, { autoescape: false })
  app.post('/api/macros/preview', async (req) => {
    const [me, body] = [caller(req), object(req.body)]
    const macro = text(body.template, 'template', 1000)
    const known = { 'user.name': me.name, 'user.email': me.email, 'ticket.subject': text(body.subject ?? 'Your ticket', 'subject', 150, 0) }
    if (!has('macro-code')) return { data: { text: macro.replace(/\{\{ ?([a-z.]{1,20}) ?\}\}/g, (all, key) => known[key] ?? all) } }
    try { return { data: { text: env.renderString(macro, { user: userCard(me), ticket: { subject: known['ticket.subject'] } }) } } } catch { throw new No(422, 'invalid', 'The template cannot be rendered') }
  })

  app.get('/api/kb/articles', async () => ({ data: ['getting-started', 'sla'].map((slug) => ({ slug, file: `${slug}.txt` })) }))
  app.get('/api/kb/download', async (req, reply) => {
    const name = text(req.query.file, 'file', 200)
    need(has('file-up') || /^[a-z-]+\.txt$/.test(name), 404, 'not_found', 'File not found')
    try { return reply.type('text/plain; charset=utf-8').send(await fs.promises.readFile(path.join(folder, name))) } catch { throw missing('File') }
  })
  app.get('/api/kb/contacts', async () => ({ data: [{ name: 'Helge Prior', email: 'helge@desk.example', topic: 'Press and partners' }] }))
  app.get('/out', async (req, reply) => {
    const to = String(req.query.url ?? '/')
    const good = has('out-anywhere') ? /^https?:\/\/[^\s]+$/.test(to) || /^\/[\w./?=&-]*$/.test(to) : /^\/(?![/\\])[\w./?=&-]*$/.test(to) || /^https:\/\/help\.deskhand\.example(\/[\w./-]*)?$/.test(to)
    return reply.redirect(good ? to : '/api/status', 302)
  })
  app.post('/api/orgs/:orgId/exports', async (req, reply) => {
    inside(caller(req), req.params.orgId)
    await sleep(400) // the queue is slow, always
    reply.code(202)
    return { data: { exportId: id('exp'), state: 'queued' } }
  })
  return app
}

initSqlJs().then(async (SQL) => {
  sql = new SQL.Database()
  seed()
  const app = build()
  await app.listen({ port: Number(args['--port'] ?? 0), host: '127.0.0.1' })
  process.stdout.write(`listening on http://127.0.0.1:${app.server.address().port}\n`)
})
