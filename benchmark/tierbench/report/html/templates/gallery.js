/* A virtual list of all rows: only the visible ones are in the page. Data is set as text, never as HTML. */
(() => {
  'use strict'
  const { folder, rows } = JSON.parse(document.getElementById('data').textContent)
  const [KEY, MODEL, TIER, OUTCOME, EXPECTED, PREDICTED, SCORE, RANK, MARGIN, REASON, TAGS, THUMB, TOP] = rows.length ? rows[0].keys() : []
  const HEIGHT = 72
  const SIGN = { passed: '✓', failed: '✗', xfailed: '≈', error: '!', skipped: '–', unscored: '?' }
  const byId = (id) => document.getElementById(id)
  const view = byId('view')
  const room = byId('room')
  const fields = ['text', 'tier', 'outcome', 'model', 'order'].map(byId)
  const [text, tier, outcome, model, order] = fields
  const texts = rows.map((row) => [KEY, EXPECTED, PREDICTED, TAGS, REASON].map((at) => row[at]).join('\n').toLowerCase())
  let found = []
  let at = 0
  let drawn = new Map()

  const make = (name, className, content) => {
    const element = document.createElement(name)
    if (className) element.className = className
    if (content !== undefined) element.textContent = content
    return element
  }
  const fixed = (number, digits = 3) => number === null ? '' : number.toFixed(digits).replace('-', '−')
  const picture = (row) => {
    if (!row[THUMB]) return make('span', 'thumb none', 'no picture')
    const image = make('img', 'thumb')
    image.alt = ''
    image.src = `${encodeURIComponent(folder)}/${encodeURIComponent(row[THUMB])}`
    return image
  }
  const options = (select, at) => [...new Set(rows.map((row) => row[at]))].sort().forEach((value) => {
    const option = make('option', '', value === null ? 'none' : value)
    option.value = String(value)
    select?.append(option)
  })
  const draw = (position) => {
    const row = rows[found[position]]
    const box = make('div', 'case')
    box.setAttribute('role', 'listitem')
    box.setAttribute('aria-posinset', position + 1)
    box.setAttribute('aria-setsize', found.length)
    box.style.top = `${position * HEIGHT}px`
    box.dataset.position = position
    const name = make('span', 'who')
    name.append(make('bdi', 'name line', row[KEY]), make('span', 'quiet line', [row[TIER] === null ? '' : `tier ${row[TIER]}`, model ? row[MODEL] : '', row[TAGS]].filter(Boolean).join(' · ')))
    const seen = make('span', 'seen')
    const line = make('span', 'line')
    line.append(make('bdi', '', row[PREDICTED] || row[REASON]))
    const expected = make('span', 'line quiet', 'expected ')
    expected.append(make('bdi', '', row[EXPECTED]))
    seen.append(line, expected)
    box.append(picture(row), make('span', `outcome ${row[OUTCOME]}`, `${SIGN[row[OUTCOME]] || '·'} ${row[OUTCOME]}`), name, seen, make('span', 'right', fixed(row[SCORE])))
    return box
  }
  const paint = () => {
    const first = Math.max(0, Math.floor(view.scrollTop / HEIGHT) - 6)
    const last = Math.min(found.length, Math.ceil((view.scrollTop + view.clientHeight) / HEIGHT) + 6)
    const next = new Map()
    for (let position = first; position < last; position++) {
      let box = drawn.get(position)
      if (!box) {
        box = draw(position)
        room.append(box)
      }
      box.classList.toggle('at', position === at)
      next.set(position, box)
    }
    for (const [position, box] of drawn) if (!next.has(position)) box.remove()
    drawn = next
  }
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean)
    found = []
    rows.forEach((row, index) => {
      if (tier.value && String(row[TIER]) !== tier.value) return
      if (outcome.value && row[OUTCOME] !== outcome.value) return
      if (model?.value && row[MODEL] !== model.value) return
      if (words.every((word) => texts[index].includes(word))) found.push(index)
    })
    if (order.value) {
      const sign = order.value === 'low' ? 1 : -1
      found.sort((a, b) => sign * ((rows[a][SCORE] ?? -1) - (rows[b][SCORE] ?? -1)))
    }
    byId('count').textContent = `${found.length} of ${rows.length}`
    room.replaceChildren()
    room.style.height = `${found.length * HEIGHT}px`
    drawn = new Map()
    at = 0
    view.scrollTop = 0
    paint()
  }
  const open = (position) => {
    const row = rows[found[position]]
    if (!row) return
    at = position
    paint()
    const body = byId('detail-body')
    const title = make('h2')
    title.id = 'detail-name'
    title.append(make('bdi', '', row[KEY]))
    const list = make('ol')
    row[TOP].forEach(([label, probability]) => {
      const item = make('li')
      item.append(make('bdi', '', label), make('span', '', fixed(probability)))
      list.append(item)
    })
    const facts = [row[TIER] === null ? '' : `tier ${row[TIER]}`, row[MODEL], `score ${fixed(row[SCORE])}`, `rank ${row[RANK] ?? ''}`, `margin ${fixed(row[MARGIN])}`]
    body.replaceChildren(title, picture(row), make('p', `outcome ${row[OUTCOME]}`, `${SIGN[row[OUTCOME]] || '·'} ${row[OUTCOME]}`), make('p', '', row[REASON]), make('p', 'quiet', facts.filter(Boolean).join(' · ')), list)
    byId('detail').showModal()
  }
  const step = (by) => {
    at = Math.max(0, Math.min(found.length - 1, at + by))
    const top = at * HEIGHT
    if (top < view.scrollTop) view.scrollTop = top
    if (top + HEIGHT > view.scrollTop + view.clientHeight) view.scrollTop = top + HEIGHT - view.clientHeight
    paint()
  }
  view.addEventListener('scroll', paint, { passive: true })
  new ResizeObserver(paint).observe(view)
  view.addEventListener('click', ({ target }) => {
    const box = target.closest('.case')
    if (box) open(Number(box.dataset.position))
  })
  view.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.floor(view.clientHeight / HEIGHT) - 1)
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -found.length, End: found.length }
    if (event.key in steps) step(steps[event.key])
    else if (event.key === 'Enter' || event.key === ' ') open(at)
    else return
    event.preventDefault()
  })
  fields.forEach((field) => field?.addEventListener('input', filter))
  options(tier, TIER)
  options(outcome, OUTCOME)
  if (model) options(model, MODEL)
  filter()
})()
