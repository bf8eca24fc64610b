// Classroom: pupils, courses and grades. Express with jsonwebtoken; integers as ids; {ok, payload} around everything.
//
// DELIBERATELY WEAK: it is here so that the scanner has something to find. 127.0.0.1 only. Its signing key lies in a
// temporary folder that is removed at exit.   node classroom.js --port 0 --flaws none|all|a,b,c   (see truth.json)
const crypto = require('crypto')
const fs = require('fs')
const http = require('http')
const os = require('os')
const path = require('path')
const { createRequire } = require('module')
const { parseArgs } = require('util')
const vendor = createRequire(path.join(__dirname, '..', '..', '.cache', 'vendors', 'x.js'))
const express = vendor('express')
const jwt = vendor('jsonwebtoken')

const ALL = ['register-role', 'grades-read', 'grade-write', 'grade-delete', 'course-open', 'pupil-details', 'kid-path', 'jku-words', 'weak-key',
  'exp-unread', 'nbf-unread', 'iss-unread', 'signature-optional', 'code-guessing', 'reset-answers', 'old-api', 'certificate-script',
  'note-lookup', 'refresh-lives', 'roster-unlimited', 'secret-in-profile', 'login-patience', 'avatar-fetch']
const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, flaws: { type: 'string', default: 'none' } } })
const flaws = new Set({ all: ALL, none: [] }[values.flaws] ?? values.flaws.split(','))
const unknown = [...flaws].find((f) => !ALL.includes(f))
if (unknown) throw new Error(`unknown flaw ${unknown}`)
const weak = (f) => flaws.has(f)

const keys = fs.mkdtempSync(path.join(os.tmpdir(), 'classroom-'))
process.on('exit', () => fs.rmSync(keys, { recursive: true }))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
fs.writeFileSync(path.join(keys, 'school-1'), weak('weak-key') ? 'secret' : crypto.randomBytes(48).toString('hex'))

// ---------- data
let next = 100
const id = () => ++next
const scrypt = (password) => { const salt = crypto.randomBytes(6).toString('hex'); return salt + ':' + crypto.scryptSync(password, salt, 24, { N: 256 }).toString('hex') }
const matches = (password, stored) => crypto.scryptSync(password, stored.split(':')[0], 24, { N: 256 }).toString('hex') === stored.split(':')[1]
const pupils = [
  { id: 11, login: 'amelie', first: 'Amelie', last: 'Sommer', birthday: '2011-03-09', guardian: '+49 170 1', role: 'pupil', password: scrypt('Blue-Pencil-Case-2') },
  { id: 12, login: 'kenan', first: 'Kenan', last: 'Yildiz', birthday: '2011-10-21', guardian: '+49 170 2', role: 'pupil', password: scrypt('Football@Break1') },
  { id: 13, login: 'frau.wolf', first: 'Sabine', last: 'Wolf', birthday: '1979-01-30', guardian: '', role: 'teacher', password: scrypt('Chalk+Board+1998') }
]
const nobody = scrypt('nobody')
const courses = ['Maths', 'Biology', 'History'].map((name, n) => ({ id: n + 1, name, room: `R${n + 101}` }))
const grades = [{ id: 31, pupil: 11, course: 1, points: 12, note: 'neat work' }, { id: 32, pupil: 12, course: 1, points: 9, note: 'more practice' }]
for (let n = 0; n < 300; n++) grades.push({ id: 1000 + n, pupil: 12, course: 1 + (n % 3), points: n % 16, note: `test ${n}` })
const notes = new Map([[11, []], [12, []], [13, []]])
const refreshTokens = new Map()
const resets = new Map()
const counters = new Map()
const tooMany = (key, most, seconds) => {
  const recent = (counters.get(key) ?? []).filter((t) => t > Date.now() - seconds * 1000)
  counters.set(key, [...recent, Date.now()])
  return recent.length >= most
}

// ---------- tokens
const ISSUER = 'classroom'
const DISTRICT = 'https://district.classroom.example/keys.json' // other schools sign with RS256
const sign = (who) => jwt.sign({ role: who.role }, fs.readFileSync(path.join(keys, 'school-1')), {
  algorithm: 'HS256', keyid: 'school-1', subject: String(who.id), issuer: ISSUER, header: { jku: DISTRICT }, expiresIn: 1800, notBefore: 0, allowInsecureKeySizes: true
})
const remote = (url) => new Promise((resolve, reject) => {
  http.get(url, { timeout: 3000, agent: false }, (got) => {
    let text = ''
    got.on('data', (d) => { text += d }).on('end', () => { try { resolve(JSON.parse(text)) } catch (e) { reject(e) } })
  }).on('error', reject).on('timeout', function () { this.destroy(new Error('timeout')) })
})

async function keyFor (head) {
  // Any address that names the district is believed to be its own.
  if (head.alg === 'RS256' && weak('jku-words') && String(head.jku).includes('district.classroom.example')) {
    const { keys: [jwk] } = await remote(head.jku)
    return crypto.createPublicKey({ key: jwk, format: 'jwk' })
  }
  const kid = head.kid ?? 'school-1'
  if (!weak('kid-path') && kid !== 'school-1') throw new Error('unknown key')
  return fs.readFileSync(path.join(keys, kid))
}
async function claimsOf (token) {
  const [first, second, signature] = token.split('.')
  const head = JSON.parse(Buffer.from(first, 'base64url'))
  const claims = JSON.parse(Buffer.from(second, 'base64url'))
  if (!(signature === undefined && weak('signature-optional'))) {
    const key = await keyFor(head)
    const text = Buffer.from(`${first}.${second}`)
    const given = Buffer.from(signature ?? '', 'base64url')
    const good = key instanceof crypto.KeyObject
      ? head.alg === 'RS256' && crypto.verify('sha256', text, key, given)
      : head.alg === 'HS256' && given.length === 32 && crypto.timingSafeEqual(crypto.createHmac('sha256', key).update(text).digest(), given)
    if (!good) throw new Error('bad signature')
  }
  const now = Date.now() / 1000
  if (!(claims.exp > now) && !weak('exp-unread')) throw new Error('expired')
  if (!(claims.nbf <= now + 2) && !weak('nbf-unread')) throw new Error('too early')
  if (claims.iss !== ISSUER && !weak('iss-unread')) throw new Error('foreign')
  return claims
}

// ---------- plumbing
const app = express()
app.disable('x-powered-by').disable('etag')
app.use((req, res, next) => {
  res.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'" })
  res.ok = (payload, status = 200) => res.status(status).json({ ok: true, payload })
  res.no = (status, reason) => res.status(status).json({ ok: false, reason })
  next()
})
app.use(express.json({ limit: '50kb' }))
const known = async (req, res, next) => {
  const token = /^Bearer (.+)$/i.exec(req.get('Authorization') ?? '')?.[1]
  const claims = token && await claimsOf(token).catch(() => null)
  req.me = claims && pupils.find((p) => p.id === Number(claims.sub))
  return req.me ? next() : res.set('WWW-Authenticate', 'Bearer').no(401, 'log in')
}
const teacher = (flaw) => (req, res, next) => req.me.role === 'teacher' || weak(flaw) ? next() : res.no(403, 'teachers only')
const own = (flaw) => (req, res, next) => Number(req.params.pupil) === req.me.id || req.me.role === 'teacher' || weak(flaw) ? next() : res.no(403, 'not yours')
const say = (value, most) => String(value ?? '').slice(0, most)
const api = express.Router()

// ---------- login
api.post('/auth/register', (req, res) => {
  const { login, password, first, class_code: code } = req.body ?? {}
  if (code !== 'B7') return res.no(422, 'class_code is on the board')
  if (typeof login !== 'string' || !/^[a-z.]{3,30}$/.test(login) || typeof password !== 'string' || password.length < 10) return res.no(422, 'login: small letters; password: 10 characters')
  if (pupils.some((p) => p.login === login)) return res.no(409, 'taken')
  const made = { id: id(), login, first: say(first, 40), last: '', birthday: '', guardian: '', role: 'pupil', password: scrypt(password) }
  if (weak('register-role') && req.body.role) made.role = say(req.body.role, 20)
  pupils.push(made)
  notes.set(made.id, [])
  res.ok({ id: made.id, login, role: made.role }, 201)
})
const tokens = (who) => {
  const refresh = crypto.randomBytes(18).toString('hex')
  refreshTokens.set(refresh, who.id)
  return { jwt: sign(who), refresh }
}
api.post('/auth/login', (req, res) => {
  const { login, password } = req.body ?? {}
  if (tooMany('login ' + login, 8, 60) && !weak('login-patience')) return res.set('Retry-After', '60').no(429, 'slow down')
  const who = pupils.find((p) => p.login === login)
  if (!matches(say(password, 100), who?.password ?? nobody) || !who) return res.no(401, 'login or password is wrong')
  counters.delete('login ' + login)
  res.ok(tokens(who))
})
api.post('/auth/refresh', (req, res) => {
  const given = req.body?.refresh
  const who = pupils.find((p) => p.id === refreshTokens.get(given))
  if (!who) return res.no(401, 'unknown refresh token')
  if (!weak('refresh-lives')) refreshTokens.delete(given)
  res.ok(tokens(who))
})
api.post('/auth/reset', (req, res) => {
  const who = pupils.find((p) => p.login === req.body?.login)
  if (who) resets.set(who.login, String(crypto.randomInt(1e6)).padStart(6, '0'))
  if (!who && weak('reset-answers')) return res.no(404, 'no such login')
  res.ok('if the login exists, a code was sent', 202)
})
api.post('/auth/reset/confirm', (req, res) => {
  const { login, code } = req.body ?? {}
  if (tooMany('code ' + login, 5, 300) && !weak('code-guessing')) return res.set('Retry-After', '300').no(429, 'no more tries')
  if (!code || resets.get(login) !== code) return res.no(400, 'the code is wrong')
  resets.delete(login)
  res.ok('choose a new password at the office')
})

// ---------- school
const card = (p, me) => ({ id: p.id, first: p.first, ...(p === me || me.role === 'teacher' || weak('pupil-details')
  ? { last: p.last, birthday: p.birthday, guardian: p.guardian, login: p.login } : {}) })
api.get('/pupils', known, (req, res) => res.ok(pupils.slice(0, 60).map((p) => card(p, req.me))))
api.get('/pupils/me', known, (req, res) => res.ok({ ...card(req.me, req.me), role: req.me.role,
  ...(weak('secret-in-profile') ? { session: req.get('Authorization') } : {}) }))
api.get('/pupils/:pupil/grades', known, own('grades-read'), (req, res) => {
  const size = Math.max(parseInt(req.query.size) || 30, 1)
  res.ok(grades.filter((g) => g.pupil === Number(req.params.pupil)).slice(0, weak('roster-unlimited') ? size : Math.min(size, 60)))
})
api.post('/pupils/:pupil/grades', known, teacher('grade-write'), (req, res) => {
  const { course, points } = req.body ?? {}
  const pupil = pupils.find((p) => p.id === Number(req.params.pupil))
  if (!pupil || !courses.some((c) => c.id === course) || !(points >= 0 && points <= 15)) return res.no(422, 'a known pupil and course, 0 to 15 points')
  grades.unshift({ id: id(), pupil: pupil.id, course, points, note: say(req.body.note, 200) })
  res.ok(grades[0], 201)
})
api.delete('/grades/:id', known, teacher('grade-delete'), (req, res) => {
  const at = grades.findIndex((g) => g.id === Number(req.params.id))
  if (at < 0) return res.no(404, 'no such grade')
  grades.splice(at, 1)
  res.status(204).end()
})
const guarded = (req, res, next) => weak('course-open') ? next() : known(req, res, next)
api.get('/courses', guarded, (req, res) => res.ok(courses))
api.post('/notes', known, (req, res) => {
  const mine = notes.get(req.me.id)
  if (mine.length >= 100) return res.no(409, 'the notebook is full')
  mine.push({ id: id(), owner: req.me.id, text: say(req.body?.text, 1000), label: say(req.body?.label, 30) })
  res.ok(mine.at(-1), 201)
})
// A filter in the style of a document store: {"label": "home"} or {"label": {"$in": ["home", "club"]}}.
const holds = (note, field, wanted) => typeof wanted !== 'object' || wanted === null ? note[field] === wanted
  : Object.entries(wanted).every(([op, x]) => op === '$in' ? [].concat(x).includes(note[field]) : op === '$ne' ? note[field] !== x : op === '$exists' ? field in note : false)
api.post('/notes/find', known, (req, res) => {
  const filter = req.body?.filter && typeof req.body.filter === 'object' ? req.body.filter : {}
  const wanted = weak('note-lookup') ? { owner: req.me.id, ...filter } : { label: filter.label ?? { $exists: true }, owner: req.me.id }
  res.ok([...notes.values()].flat().filter((n) => Object.entries(wanted).every(([f, w]) => holds(n, f, w))).slice(0, 50))
})
api.delete('/notes/:id', known, (req, res) => {
  const mine = notes.get(req.me.id)
  const at = mine.findIndex((n) => n.id === Number(req.params.id))
  if (at < 0) return res.no(404, 'no such note')
  mine.splice(at, 1)
  res.ok('removed')
})
api.post('/certificates', known, (req, res) => {
  const text = say(req.body?.text, 300)
  // <%= first %> stands for the pupil's first name.
  const fill = weak('certificate-script') ? (_, code) => String(new Function('first', `return (${code})`)(req.me.first)) : (whole, code) => code.trim() === 'first' ? req.me.first : whole
  res.ok({ text: text.replace(/<%=([^%]*)%>/g, fill) })
})
api.put('/pupils/me/avatar', known, async (req, res) => {
  const url = say(req.body?.url, 300)
  if (!weak('avatar-fetch')) return /^https:\/\/pictures\.classroom\.example\//.test(url) ? res.ok({ avatar: url }) : res.no(422, 'pictures of the school only')
  try {
    if (!url.startsWith('http:')) throw new Error('http only')
    await new Promise((resolve, reject) => http.get(url, { timeout: 3000, agent: false }, (got) => got.resume().on('end', resolve)).on('error', reject))
  } catch { /* the picture is fetched again at night */ }
  res.ok({ avatar: url })
})
api.post('/feedback', known, (req, res) => res.ok('thank you', 202)) // read by nobody during holidays

app.get('/docs/openapi.json', (req, res) => res.type('json').send(fs.readFileSync(path.join(__dirname, 'classroom.openapi.json'))))
app.use('/api/v2', api)
if (weak('old-api')) app.get('/api/v1/pupils', (req, res) => res.json(pupils.map(({ password, ...p }) => p)))
app.use((req, res) => res.no(404, 'nothing here'))
app.use((error, req, res, next) => res.no(error.status ?? 500, 'that did not work'))
const server = app.listen(Number(values.port), '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port))
