// ledgerline.js - a small bank on bare node:http, Basic authentication.
//
// !! DELIBERATELY WEAK: a practice target for the scanner. Loopback only, all in memory.
// !! node ledgerline.js --port 0 --flaws none|all|a,b,c   (see truth.json)
const http = require('node:http')
const https = require('node:https')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { randomUUID, randomBytes, scryptSync, timingSafeEqual } = require('node:crypto')
const { exec, execFile } = require('node:child_process')

const flawNames = `account-read entries-all transfer-twice transfer-from transfer-read standing-delete my-limit printer-shell hook-anywhere
 old-version actuator loose-origin basic-shown basic-forever user-told documents-up teller-open entries-open slow-reference huge-memo trace-back
 host-details`.trim().split(/\s+/)
const args = Object.fromEntries(process.argv.slice(2).map((a, n, all) => [a, all[n + 1]]))
const asked = args['--flaws'] ?? 'none'
const flaws = new Set(asked === 'all' ? flawNames : asked === 'none' ? [] : asked.split(','))
const strangers = [...flaws].filter((f) => !flawNames.includes(f))
if (strangers.length) { process.stderr.write(`unknown flaws: ${strangers}\n`); process.exit(2) }
const has = (name) => flaws.has(name)

// --- books ---------------------------------------------------------------------------------------
const salt = randomBytes(8)
const scrypt = (password) => scryptSync(password, salt, 32, { N: 1024 })
const person = (name, password, teller = false) => ({ name, hash: scrypt(password), teller, address: 'Quay 1', email: `${name}@ledgerline.example`, daily_limit: 500 })
const people = new Map([person('wanda', 'Copper.Kettle.31'), person('igor', 'Seven-Bridges-Road'), person('teller', 'Counter#No4', true)].map((p) => [p.name, p]))
const dummy = scrypt('nobody')
const accounts = new Map()
const entries = []
const transfers = new Map()
const requests = new Map()
const standing = new Map()
const hooks = new Map()
const tries = new Map()
const open = (number, owner, balance) => accounts.set(number, { number, owner, balance, currency: 'EUR' })
open('LL-1001', 'wanda', 250000)
open('LL-1002', 'wanda', 90000)
open('LL-2001', 'igor', 180000)
for (let n = 0; n < 400; n++) entries.push({ account: n % 3 ? 'LL-1001' : 'LL-2001', amount: -n, text: `Card payment ${n}` })
for (const [owner, from] of [['wanda', 'LL-1001'], ['igor', 'LL-2001']]) {
  const id = randomUUID()
  transfers.set(id, { id, by: owner, from, to: 'LL-9000', amount: 1200, memo: `${owner}: rent` })
}

const folder = path.join(__dirname, 'documents')

// --- talk ----------------------------------------------------------------------------------------
class No extends Error {
  constructor (status, text, headers = {}) { super(text); Object.assign(this, { status, headers }) }
}
const need = (condition, status, text) => { if (!condition) throw new No(status, text) }

function caller (req) {
  const [scheme, coded] = (req.headers.authorization ?? '').split(' ')
  const plain = scheme.toLowerCase() === 'basic' ? Buffer.from(coded ?? '', 'base64').toString() : ''
  const [name, password] = [plain.slice(0, plain.indexOf(':')), plain.slice(plain.indexOf(':') + 1)]
  const wanted = { 'WWW-Authenticate': 'Basic realm="ledgerline"' }
  if (!plain.includes(':')) throw new No(401, 'log in, please', wanted)
  const recent = (tries.get(name) ?? []).filter((t) => t > Date.now() - 60000)
  if (recent.length >= 5 && !has('basic-forever')) throw new No(429, 'too many wrong passwords, wait a minute', { 'Retry-After': '60' })
  const found = people.get(name)
  const right = timingSafeEqual(scrypt(password), found?.hash ?? dummy) && found
  if (right) return found
  tries.set(name, [...recent, Date.now()])
  throw new No(401, has('user-told') ? (found ? `wrong password for ${name}` : `there is no user ${name}`) : 'log in, please', wanted)
}

function read (req) {
  return new Promise((resolve, reject) => {
    const most = has('huge-memo') ? Infinity : 32 * 1024
    const parts = []
    let size = 0
    req.on('data', (part) => {
      size += part.length
      if (size <= most) parts.push(part)
    })
    req.on('end', () => {
      if (size > most) return reject(new No(413, 'at most 32 kB', { Connection: 'close' }))
      if (!size) return resolve({})
      try {
        const value = JSON.parse(Buffer.concat(parts))
        resolve(value && typeof value === 'object' ? value : {})
      } catch { reject(new No(400, 'this is not JSON')) }
    })
    req.on('error', reject)
  })
}

const own = (me, number, flaw) => {
  const found = accounts.get(String(number))
  need(found && (found.owner === me.name || has(flaw)), 404, 'no such account')
  return found
}
const run = (program, ...rest) => new Promise((resolve) => program(...rest, { timeout: 15000 }, () => resolve()))
// Every reference is groups of letters and digits; the weak pattern lets a group be cut in many ways.
const reference = has('slow-reference') ? /^([A-Z0-9]+[ -]?)+$/ : /^[A-Z0-9]+(?:[ -][A-Z0-9]+)*$/

function deliver (url) {
  return new Promise((resolve) => {
    const call = (url.protocol === 'https:' ? https : http).request(url, { method: 'POST', timeout: 3000, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode < 400)
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(false))
    call.end('{"event":"test"}')
  })
}

// --- operations: path pattern -> method -> (context) => value ------------------------------------
const routes = [
  ['/openapi.json', { GET: () => [200, fs.readFileSync(path.join(__dirname, 'ledgerline.openapi.json')), 'application/json'] }, 'public'],
  ['/rates', { GET: () => [{ pair: 'EUR/CHF', rate: 0.97 }, { pair: 'EUR/GBP', rate: 0.86 }] }, 'public'],
  ['/documents/{name}', {
    GET: async ({ name }) => {
      need(has('documents-up') || /^[a-z]+\.txt$/.test(name), 404, 'no such document')
      try { return [200, await fs.promises.readFile(path.join(folder, name)), 'text/plain; charset=utf-8'] } catch { throw new No(404, 'no such document') }
    }
  }, 'public'],
  ['/me', {
    GET: ({ me }) => card(me),
    PATCH: ({ me, body }) => {
      for (const key of has('my-limit') ? ['address', 'email', 'daily_limit', 'teller'] : ['address', 'email']) {
        if (key in body) me[key] = typeof me[key] === 'string' ? String(body[key]).slice(0, 200) : body[key]
      }
      return card(me)
    }
  }],
  ['/accounts', { GET: ({ me }) => [...accounts.values()].filter((a) => a.owner === me.name) }],
  ['/accounts/{number}', { GET: ({ me, number }) => own(me, number, 'account-read') }],
  ['/accounts/{number}/entries', {
    GET: ({ me, number, query }) => {
      const limit = Math.max(Number.parseInt(query.get('limit') ?? '25', 10) || 25, 1)
      own(me, number)
      return entries.filter((e) => e.account === number).slice(0, has('entries-all') ? limit : Math.min(limit, 100))
    }
  }],
  ['/accounts/{number}/print', {
    POST: async ({ me, number, body }) => {
      own(me, number)
      const printer = String(body.printer ?? 'desk-1').slice(0, 100)
      if (has('printer-shell')) await run(exec, `true -d ${printer} # the sandbox has no printer, so lp is true`)
      else await run(execFile, 'true', ['-d', printer])
      return [202, { queued: true }]
    }
  }],
  ['/transfers', {
    GET: ({ me }) => [...transfers.values()].filter((t) => t.by === me.name).slice(-50),
    POST: ({ me, body }) => {
      const { to, amount, request_id: key } = body
      need(Number.isInteger(amount) && amount > 0 && amount <= 100000, 400, 'amount is a whole number of cents from 1 to 100000')
      need(typeof key === 'string' && key.length >= 8 && key.length <= 64, 400, 'request_id is a text of 8 to 64 characters of your choice')
      const from = own(me, body.from, 'transfer-from')
      const before = requests.get(me.name + ' ' + key)
      if (before && !has('transfer-twice')) return before
      need(from.balance >= amount, 409, 'not enough money')
      from.balance -= amount
      if (accounts.has(to)) accounts.get(to).balance += amount
      const done = { id: randomUUID(), by: me.name, from: from.number, to: String(to).slice(0, 20), amount, memo: has('huge-memo') ? body.memo : String(body.memo ?? '').slice(0, 140) }
      transfers.set(done.id, done)
      requests.set(me.name + ' ' + key, done)
      return [201, done]
    }
  }],
  ['/transfers/{id}', {
    GET: ({ me, id }) => {
      need(transfers.has(id) && (transfers.get(id).by === me.name || has('transfer-read')), 404, 'no such transfer')
      return transfers.get(id)
    }
  }],
  ['/references/check', { POST: ({ body }) => ({ valid: reference.test(String(body.reference ?? '').slice(0, 2000)) }) }],
  ['/standing-orders', {
    GET: ({ me }) => [...standing.values()].filter((s) => s.by === me.name).slice(-50),
    POST: ({ me, body }) => {
      own(me, body.from)
      const made = { id: randomUUID(), by: me.name, from: body.from, to: String(body.to ?? '').slice(0, 20), amount: Number(body.amount) || 0, day: 1 }
      standing.set(made.id, made)
      return [201, made]
    }
  }],
  ['/standing-orders/{id}', {
    DELETE: ({ me, id }) => {
      need(standing.has(id) && (standing.get(id).by === me.name || has('standing-delete')), 404, 'no such standing order')
      standing.delete(id)
      return [204]
    }
  }],
  ['/webhooks', {
    POST: ({ me, body }) => {
      const url = URL.canParse(body.url) ? new URL(body.url) : null
      need(url && /^https?:$/.test(url.protocol), 400, 'url is an http or https address')
      need(has('hook-anywhere') || url.hostname === 'hooks.ledgerline.example', 400, 'only addresses of hooks.ledgerline.example')
      const made = { id: randomUUID(), by: me.name, url: url.href }
      hooks.set(made.id, made)
      return [201, made]
    }
  }],
  ['/webhooks/{id}/test', {
    POST: async ({ me, id }) => {
      need(hooks.get(id)?.by === me.name, 404, 'no such webhook')
      return { delivered: has('hook-anywhere') && await deliver(new URL(hooks.get(id).url)) } // the sandbox delivers nowhere
    }
  }],
  ['/teller/customers', {
    GET: ({ me }) => {
      need(me.teller || has('teller-open'), 403, 'tellers only')
      return [...people.values()].map(card)
    },
    POST: ({ me, body }) => {
      need(me.teller, 403, 'tellers only')
      need(typeof body.name === 'string' && /^[a-z]{3,20}$/.test(body.name) && !people.has(body.name), 400, 'a new name of 3 to 20 small letters')
      people.set(body.name, person(body.name, randomBytes(9).toString('hex')))
      return [201, card(people.get(body.name))]
    }
  }]
].map(([pattern, methods, access]) => [new RegExp('^' + pattern.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)') + '$'), methods, access])

const card = ({ name, address, email, daily_limit: limit, teller }) => ({ name, address, email, daily_limit: limit, teller })

function leftovers (url) {
  if (has('old-version') && url.pathname === '/v0/accounts') return [...accounts.values()]
  if (has('actuator') && url.pathname === '/actuator/env') return { activeProfiles: ['prod'], LEDGER_DB: 'postgres://ledger:s3cr3t@db.ledgerline.example/ledger' }
  if (has('actuator') && url.pathname === '/metrics') return [200, `# TYPE process_uptime_seconds gauge\nprocess_uptime_seconds ${process.uptime()}\nledger_accounts ${accounts.size}\n`, 'text/plain; version=0.0.4']
}

async function answer (req) {
  const url = new URL(req.url, 'http://ledgerline')
  if (req.method === 'TRACE' && has('trace-back')) return [200, `TRACE ${req.url}\n` + req.rawHeaders.join('\n'), 'message/http']
  const left = leftovers(url)
  if (left) return left
  const body = await read(req)
  for (const [pattern, methods, access] of routes) {
    const match = pattern.exec(url.pathname)
    if (!match) continue
    const unguarded = access === 'public' || (has('entries-open') && match.groups?.number && url.pathname.endsWith('/entries') && !req.headers.authorization)
    const me = unguarded ? { name: accounts.get(match.groups?.number)?.owner } : caller(req)
    const handler = methods[req.method === 'HEAD' ? 'GET' : req.method]
    if (!handler) throw new No(405, 'not this method', { Allow: Object.keys(methods).join(', ') })
    const parts = Object.fromEntries(Object.entries(match.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)]))
    return handler({ me, body, query: url.searchParams, ...parts })
  }
  throw new No(404, has('basic-shown') ? `nothing at ${url.pathname} for ${req.headers.authorization}` : 'nothing here')
}

const server = http.createServer(async (req, res) => {
  let status = 200, body, kind = 'application/json', more = {}
  try {
    body = await answer(req)
    if (Array.isArray(body) && Number.isInteger(body[0])) [status, body, kind = 'application/json'] = body
    if (kind === 'application/json' && !Buffer.isBuffer(body)) body = body === undefined ? '' : JSON.stringify(body)
  } catch (error) {
    status = error.status ?? 500
    kind = 'text/plain; charset=utf-8'
    body = error instanceof No ? error.message + '\n' : has('host-details') ? `${error.stack}\nnode ${process.version} on ${os.hostname()}\n` : 'sorry\n'
    more = error.headers ?? {}
  }
  const origin = req.headers.origin
  if (origin && has('loose-origin') && (origin === 'null' || origin.endsWith('ledgerline.example'))) {
    more = { ...more, 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' }
  }
  res.writeHead(status, { 'Content-Type': kind, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'", 'Referrer-Policy': 'no-referrer', ...more })
  res.end(req.method === 'HEAD' || status === 204 ? undefined : body)
})
// SIGTERM keeps its default, which ends the process even while a pattern is busy.
server.listen(Number(args['--port'] ?? 0), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
