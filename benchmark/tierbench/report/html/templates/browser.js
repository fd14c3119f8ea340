/* The browser of cases: search, filters, order, a list of which only the visible rows are in the page, and its state in
   the fragment of the address. Text is set as text, never as HTML. */
document.addEventListener('DOMContentLoaded', () => {
  'use strict'
  const tierbench = window.tierbench
  const { make, said, fixed, mark, word } = tierbench
  const section = document.querySelector('.tb-browser')
  const find = (selector) => section.querySelector(selector)
  const { run, models, rows, details } = tierbench.readCases(JSON.parse(document.getElementById('tb-cases-data').textContent))
  const several = models.length > 1
  const list = find('.tb-list')
  const dialog = document.querySelector('.tb-case-view')
  const room = find('.tb-room')
  const fields = Object.fromEntries([...section.querySelectorAll('[data-field]')].map((field) => [field.dataset.field, field]))
  const values = () => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]).filter(([, value]) => value))
  const byId = new Map(rows.map((row) => [row.id, row]))
  const byKey = new Map()
  for (const row of rows) byKey.set(row.key, [...(byKey.get(row.key) || []), row])
  for (const own of byKey.values()) own.sort((a, b) => models.indexOf(a.model) - models.indexOf(b.model))
  const anyFlip = rows.some(tierbench.isFlip)
  let found = []
  let at = 0
  let chosen = false // whether the reader opened the shown case; beside the list the first one stands there before
  let drawn = new Map()
  let height = 72

  /* The address. A fragment without "=" names a heading of the page. */
  const encoded = (text) => encodeURIComponent(text).replaceAll('%2F', '/')
  const fragment = (entries) => '#' + entries.map(([name, value]) => `${name}=${encoded(value)}`).join('&')
  const caseEntries = (row) => row ? [['case', row.key], ...(several ? [['model', row.model]] : [])] : []
  const state = () => [...caseEntries(chosen ? detail.row() : null), ...Object.entries(values()), ...accept.ids().map((id) => ['accept', id])]
  const write = (how = 'replaceState') => {
    const entries = state()
    const hash = entries.length ? fragment(entries) : location.pathname + location.search
    history[how](how === 'pushState' ? { opened: true } : history.state, '', hash)
  }
  const read = (first = false) => {
    const hash = (first ? tierbench.asked : location.hash).slice(1)
    const heading = hash && !hash.includes('=')
    if (heading && !first) return detail.beside() || detail.hide()
    const raw = heading ? '' : hash
    const params = new URLSearchParams(raw)
    const before = JSON.stringify(values())
    for (const [name, field] of Object.entries(fields)) {
      field.value = params.get(name) ?? ''
      if (field.tagName === 'SELECT' && field.selectedIndex < 0) field.value = ''
    }
    // Later ticks are those of the reader, who may have come back from an opened case.
    if (first) accept.restore(params.getAll('accept'))
    // Back from an opened case, the list stays where it was.
    if (first || JSON.stringify(values()) !== before) filter()
    const wanted = params.get('case')
    const own = wanted && (byKey.get(wanted) || [])
    const row = own && (own.find((each) => each.model === params.get('model')) || own[0])
    find('.tb-unknown').hidden = !wanted || Boolean(row)
    find('.tb-unknown').textContent = wanted && !row ? `This report has no case ${wanted}.` : ''
    chosen = Boolean(row)
    if (row) show(row)
    else if (first && detail.beside() && found.length) show(rows[found[0]])
    else detail.hide()
    if (row && detail.beside()) section.scrollIntoView({ behavior: 'instant' })
    if (!first || location.hash !== tierbench.asked) write()
    if (first && raw && !row) section.scrollIntoView({ behavior: 'instant' })
  }

  const accept = tierbench.makeAccept({
    box: find('.tb-accept'), run, rows, several, changed: () => { redraw(); write() }
  })
  const detail = tierbench.makeCase({
    dialog,
    several,
    accept,
    details,
    others: (row) => byKey.get(row.key).filter((other) => other !== row),
    families: tierbench.makeFamilies(rows),
    link: (row) => location.href.split(/[?#]/)[0] + fragment(caseEntries(row)),
    go: (row) => {
      chosen = true
      show(row)
      write()
      dialog.querySelector('.tb-case-body').focus({ preventScroll: true })
    },
    walk: (by) => {
      const row = rows[found[found.indexOf(detail.row().index) + by]]
      if (!row) return
      chosen = true
      show(row)
      write()
    },
    closed: () => {
      chosen = false
      detail.hide()
      // Back to the address from before the case was opened, if the reader came from there.
      if (history.state?.opened) history.back()
      else write()
      focusRow()
    }
  })
  const show = (row) => {
    const position = found.indexOf(row.index)
    if (position >= 0) move(position)
    const inList = list.contains(document.activeElement)
    detail.show(row, position, found.length)
    room.querySelectorAll('a[aria-current]').forEach((link) => link.removeAttribute('aria-current'))
    drawn.get(position)?.querySelector('a').setAttribute('aria-current', 'true')
    // Beside the list, the keys of the list go on.
    if (inList && detail.beside()) focusRow()
  }
  const open = (row) => {
    // Beside the list, from case to case: one step back closes.
    const how = chosen ? 'replaceState' : 'pushState'
    chosen = true
    show(row)
    write(how)
  }

  /* The list. */
  const score = (row) => {
    const fill = make('span', 'tb-score-fill')
    fill.style.width = `${Math.min(100, Math.max(0, 100 * row.score))}%`
    return make('span', 'tb-row-score', make('span', 'tb-score', fill), fixed(row.score, 2))
  }
  const draw = (position, image = true) => {
    const row = rows[found[position]]
    const link = make('a', 'tb-row-link')
    link.href = fragment(caseEntries(row))
    link.tabIndex = position === at ? 0 : -1
    if (row === detail.row()) link.setAttribute('aria-current', 'true')
    const flip = tierbench.isFlip(row) || row.change === 'new' ? row.change : ''
    const about = [row.place, several ? row.model : '', ...row.tags].filter(Boolean).join(' · ')
    link.append(
      image ? tierbench.image(row.picture, 'tb-thumb', '') : '',
      make('span', 'tb-row-outcome', make('span', `tb-line tb-${row.outcome}`, mark(row.outcome), ` ${word(row.outcome)}`), make('span', `tb-line tb-row-change tb-${flip}`, ...(flip ? [mark(flip), ` ${flip}`] : []))),
      make('span', 'tb-row-name', make('span', 'tb-line', said(row.case)), make('span', 'tb-line tb-quiet', make('span', 'tb-row-suite', said(row.suite), ' · '), said(about))),
      make('span', 'tb-row-seen', make('span', 'tb-line', make('span', 'tb-quiet', row.predicted ? 'saw ' : ''), said(row.predicted || row.reason)), make('span', 'tb-line tb-quiet', 'expected ', said(row.expected.join(' or ')))),
      row.score === null ? make('span', 'tb-row-score') : score(row)
    )
    const box = make('div', 'tb-row', link)
    box.setAttribute('role', 'listitem')
    box.setAttribute('aria-posinset', position + 1)
    box.setAttribute('aria-setsize', found.length)
    box.dataset.position = position
    box.style.top = `${position * height}px`
    if (tierbench.isFlip(row)) box.append(tierbench.tickBox(row, accept, make('span', 'tb-tick-text', 'accept')))
    else if (anyFlip) box.append(make('span', 'tb-tick'))
    return box
  }
  const paint = () => {
    const first = Math.max(0, Math.floor(list.scrollTop / height) - 4)
    const last = Math.min(found.length, Math.ceil((list.scrollTop + list.clientHeight) / height) + 4)
    const next = new Map()
    for (let position = first; position < last; position++) {
      const box = drawn.get(position) || room.appendChild(draw(position))
      next.set(position, box)
    }
    // The row with the focus stays, so that keys go on from it.
    if (drawn.get(at)?.contains(document.activeElement)) next.set(at, drawn.get(at))
    for (const [position, box] of drawn) if (!next.has(position)) box.remove()
    drawn = next
  }
  const redraw = () => {
    const focused = document.activeElement?.closest?.('.tb-row')?.dataset.position
    const which = document.activeElement?.tagName === 'INPUT' ? 'input' : 'a'
    room.replaceChildren()
    drawn = new Map()
    paint()
    if (focused !== undefined) drawn.get(Number(focused))?.querySelector(which)?.focus({ preventScroll: true })
  }
  const move = (position) => {
    const before = drawn.get(at)?.querySelector('a')
    if (before) before.tabIndex = -1
    at = Math.max(0, Math.min(found.length - 1, position))
    const top = at * height
    if (top < list.scrollTop) list.scrollTop = top
    if (top + height > list.scrollTop + list.clientHeight) list.scrollTop = top + height - list.clientHeight
    paint()
    const link = drawn.get(at)?.querySelector('a')
    if (link) link.tabIndex = 0
  }
  const focusRow = () => drawn.get(at)?.querySelector('a')?.focus({ preventScroll: true })

  /* Filters and order. */
  const filter = () => {
    const wanted = values()
    found = tierbench.findCases(rows, wanted)
    const filtered = Object.keys(wanted).filter((name) => name !== 'sort')
    find('output').textContent = `${found.length} of ${rows.length} cases`
    find('.tb-found [data-do=clear]').hidden = !filtered.length
    const hidden = filtered.filter((name) => name !== 'q').length
    find('.tb-filters-on').textContent = hidden ? `(${hidden})` : ''
    const flips = found.map((index) => rows[index]).filter(tierbench.isFlip)
    const tick = find('.tb-found [data-do=tick]')
    tick.hidden = flips.length < 2
    tick.textContent = flips.length === found.length ? `Tick all ${flips.length} flips` : `Tick the ${flips.length} flips among them`
    find('.tb-empty').hidden = found.length > 0
    list.hidden = !found.length
    height = parseFloat(getComputedStyle(list).getPropertyValue('--row')) || height
    room.style.height = `${found.length * height}px`
    at = 0
    list.scrollTop = 0
    redraw()
  }
  const changed = () => {
    filter()
    if (detail.row() && !chosen && found.length) show(rows[found[0]])
    write()
  }
  const clear = () => {
    for (const [name, field] of Object.entries(fields)) if (name !== 'sort') field.value = ''
    changed()
    fields.q.focus()
  }
  section.addEventListener('input', ({ target }) => { if (target.dataset.field) changed() })
  section.addEventListener('submit', (event) => event.preventDefault())
  section.addEventListener('click', (event) => {
    const task = event.target.closest('[data-do]')?.dataset.do
    if (task === 'clear') clear()
    if (task === 'tick') accept.set(found.map((index) => rows[index]).filter(tierbench.isFlip))
    const link = event.target.closest('a.tb-row-link')
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    open(rows[found[Number(link.parentElement.dataset.position)]])
  })
  list.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.floor(list.clientHeight / height) - 1)
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -found.length, End: found.length }
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return
    move(at + steps[event.key])
    focusRow()
    if (detail.beside() && detail.row()) {
      chosen = true
      show(rows[found[at]])
      write()
    }
    event.preventDefault()
  })
  document.addEventListener('keydown', (event) => {
    if (event.target.closest('input, select, textarea, dialog') || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '/') fields.q.focus()
    else if ((event.key === 'j' || event.key === 'k') && !list.contains(event.target)) focusRow()
    else return
    event.preventDefault()
  })
  list.addEventListener('scroll', paint, { passive: true })
  new ResizeObserver(() => {
    const now = parseFloat(getComputedStyle(list).getPropertyValue('--row'))
    if (now && now !== height) filter()
    else paint()
  }).observe(list)
  // A link to a selection of the cases, from a table above.
  document.addEventListener('click', ({ target }) => { if (target.closest('a.tb-to-cases')) section.scrollIntoView() })
  window.addEventListener('hashchange', () => read())

  /* On paper: the first rows of the list, without pictures. */
  const MOST_PRINTED = 40
  window.addEventListener('beforeprint', () => {
    room.replaceChildren(...found.slice(0, MOST_PRINTED).map((_, position) => draw(position, false)))
    if (found.length > MOST_PRINTED) room.append(make('p', 'tb-note', `${MOST_PRINTED} of ${found.length} cases`))
  })
  window.addEventListener('afterprint', redraw)

  tierbench.fillFilters(section, rows, models)
  find('.tb-filters').open = matchMedia('(min-width: 801px)').matches
  read(true)
})
