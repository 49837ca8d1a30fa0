// The order page's script, kept as text because it runs in the browser. It asks nothing but the event stream, never polls,
// and writes with textContent only. When the stream breaks it comes back by itself.

/** Time left on the critical path, in a function of its own so that it can be examined: see `remaining` below. */
export const remainingSource = `
/** ms left along the longest chain of needs, from the usual duration of each step (ms); \`unknown\` steps have no history. */
function remaining(steps, usual, now) {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const ends = new Map()
  let unknown = 0
  function endOf(name) {
    const step = byName.get(name)
    if (!step) return 0
    if (ends.has(name)) return ends.get(name)
    let own = 0
    if (step.state !== 'done') {
      const all = usual[name]
      if (all === undefined) unknown++
      else own = step.startedAt > 0 ? Math.max(all - Math.max(0, now - step.startedAt), Math.min(all, 1000)) : all
    }
    const end = own + Math.max(0, ...step.needs.map(endOf))
    ends.set(name, end)
    return end
  }
  return { ms: Math.max(0, ...steps.map((step) => endOf(step.name))), unknown }
}`

export const script = `'use strict'
${remainingSource}
const el = (id) => document.getElementById(id)
const words = { waiting: 'waiting', working: 'being made', done: 'done', removing: 'being taken down', removed: 'taken down', stuck: 'needs a person', 'not needed': 'nothing to take down', off: 'switched off' }
const moving = ['building', 'changing', 'suspending', 'resuming', 'terminating', 'undoing']
let order, usual = {}, skew = 0, best = 0, bestFor = '', source, pause = 2000

const span = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000))
  return s < 60 ? s + '\u00a0s' : s < 3600 ? Math.floor(s / 60) + '\u00a0min ' + (s % 60) + '\u00a0s' : Math.floor(s / 3600) + '\u00a0h ' + Math.floor((s % 3600) / 60) + '\u00a0min'
}
const took = (ms) => ms < 9950 ? (Math.max(0, ms) / 1000).toFixed(1) + '\u00a0s' : span(ms)
const clock = (at) => new Date(at - skew).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const text = (node, value) => { if (node.textContent !== value) node.textContent = value }
const list = (titles) => titles.length === 0 ? 'nothing' : titles.join(', ')

function story() {
  const { status, target, cause, steps } = order
  const removed = steps.filter((step) => step.state === 'removed').map((step) => step.title)
  switch (status) {
    case 'building': return ['Your site is being built', target === 'suspended' ? 'It is to be paused: it will be built first, and wait behind the page for paused sites.' : 'You may close this page; the building goes on.']
    case 'live': return ['Your site is live', 'The log-in was sent to you by mail.' + (order.restAt > order.orderedAt ? ' It took ' + span(order.restAt - order.orderedAt) + ' from the order.' : '')]
    case 'changing': return ['Your site is being changed', 'What was asked for is being done; the site itself goes on where it can.']
    case 'suspending': return ['Your site is being paused', 'Its content is kept.']
    case 'suspended': return ['Your site is paused', 'Visitors see a page that says so. Its content is kept, and it can be back within a moment.']
    case 'resuming': return ['Your site is coming back', 'Visitors see the page for paused sites until it runs.']
    case 'terminating': return ['Your site is being removed', 'Everything that belongs to it is taken down.']
    case 'terminated': return ['Your site has been removed', 'Taken down: ' + list(removed) + '.']
    case 'undoing': return ['Your site could not be built', 'What had been made is being taken back, so that nothing is left half done.' + because(cause)]
    case 'undone': return ['Your site could not be built', 'Taken back: ' + list(removed) + '. Nothing is left behind, and a new order may be placed.' + because(cause)]
    case 'stuck': return ['Your order waits for a person', 'One step could not be finished by itself. It is on the list of the operator, nothing is lost, and it goes on from here.' + because(cause)]
    default: return ['Your order', status]
  }
}
const because = (cause) => (cause ? '\\nReason: ' + cause : '')

function show() {
  if (!order) return
  const { status, steps, hostname, url } = order
  const now = Date.now() + skew
  const [headline, message] = story()
  document.body.className = status
  document.title = headline
  text(el('headline'), headline)
  text(el('message'), message)
  text(el('host'), hostname)
  showProgress(now)
  el('details').hidden = false
  const items = el('steps')
  for (const step of steps) showStep(items.querySelector('[data-step="' + step.name + '"]') || items.appendChild(item(step.name)), step, now)
  for (const extra of [...items.children]) if (!steps.some((step) => step.name === extra.dataset.step)) extra.remove()
  const links = el('links')
  const shown = status === 'live' && url && /^https?:/.test(url)
  if (links.hidden === Boolean(shown)) {
    links.hidden = !shown
    links.replaceChildren(...(shown ? [link(url, 'Open your site'), link(url + '/wp-admin/', 'Log in to WordPress')] : []))
  }
}

function showProgress(now) {
  const { status, steps } = order
  const bar = el('progress')
  const busy = moving.includes(status)
  const settled = steps.filter((step) => !['waiting', 'working', 'removing', 'stuck'].includes(step.state)).length
  let share = steps.length === 0 ? 0 : settled / steps.length
  let left = ''
  if (status === 'building' || status === 'resuming') {
    const { ms, unknown } = remaining(steps, usual, now)
    const fresh = steps.map((step) => ({ ...step, state: 'waiting', startedAt: 0 }))
    const whole = remaining(fresh, usual, now).ms
    if (unknown === 0 && whole > 0 && status === 'building') share = 1 - ms / whole
    left = unknown === 0 ? 'About ' + span(ms) + ' left, going by earlier orders.'
      : Object.keys(usual).length === 0 ? 'There are no earlier orders to go by yet, so no time is promised.'
      : 'At least ' + span(ms) + ' left; some steps have no history yet.'
  }
  if (!busy && status !== 'stuck') share = 1
  if (bestFor !== status) { best = 0; bestFor = status }
  best = Math.max(best, Math.min(busy ? 0.99 : 1, share))
  const percent = Math.round(best * 100)
  bar.hidden = !(busy || status === 'live' || status === 'stuck')
  bar.setAttribute('aria-valuenow', String(percent))
  bar.setAttribute('aria-valuetext', percent + ' %' + (left ? ', ' + left : ''))
  bar.firstElementChild.style.width = percent + '%'
  text(el('left'), busy ? (left ? left + ' ' : '') + settled + ' of ' + steps.length + ' steps settled.' : '')
}

function item(name) {
  const node = document.createElement('li')
  node.dataset.step = name
  for (const part of ['icon', 'name', 'state', 'why']) {
    const piece = document.createElement(part === 'why' ? 'div' : 'span')
    piece.className = part
    if (part === 'icon') piece.setAttribute('aria-hidden', 'true')
    node.append(piece)
  }
  return node
}

function showStep(node, step, now) {
  const { state, attempt, why, since, startedAt, settledAt } = step
  const [, name, word, reason] = node.children
  const kind = state === 'not needed' ? 'unneeded' : state
  if (node.className !== kind) node.className = kind
  text(name, step.title)
  const open = ['waiting', 'working', 'removing', 'stuck'].includes(state)
  const from = state === 'working' && startedAt > 0 ? startedAt : since
  const when = open ? (from > 0 ? ' since ' + clock(from) + ', ' + span(now - from) : '')
    : state === 'done' && startedAt > 0 ? ' at ' + clock(settledAt) + ', took ' + took(settledAt - startedAt)
    : settledAt > 0 && state !== 'not needed' ? ' at ' + clock(settledAt) : ''
  text(word, (words[state] || state) + when)
  const notes = [open && attempt > 1 ? 'Attempt ' + attempt : '', why ? why.charAt(0).toUpperCase() + why.slice(1) : ''].filter(Boolean)
  text(reason, notes.join(' · '))
}

function link(href, words) {
  const node = document.createElement('a')
  node.href = href
  node.rel = 'noopener'
  node.textContent = words
  return node
}

function connect() {
  source = new EventSource(location.pathname.replace(/\\/$/, '') + '/events')
  source.addEventListener('open', () => { pause = 2000; text(el('line'), 'This page follows your order by itself.'); if (!order) text(el('message'), 'Your order has been taken. The building starts in a moment.') })
  source.addEventListener('clock', (event) => { skew = Number(event.data) - Date.now() })
  source.addEventListener('usual', (event) => { usual = JSON.parse(event.data); show() })
  source.addEventListener('order', (event) => { order = JSON.parse(event.data); show() })
  source.addEventListener('error', () => {
    text(el('line'), 'The connection is interrupted; your order goes on. Trying again …')
    // The browser tries again by itself, except after an answer that was no stream.
    if (source.readyState === EventSource.CLOSED) { setTimeout(connect, pause); pause = Math.min(15000, pause * 1.5) }
  })
}

// Nobody needs to be told of a site at rest while nobody looks.
document.addEventListener('visibilitychange', () => {
  if (document.hidden && order && !moving.includes(order.status)) source.close()
  else if (!document.hidden && source.readyState === EventSource.CLOSED) connect()
})
setInterval(show, 1000)
connect()
`
