/* The opened case: large picture, what was said now, before and by other models, thresholds, provenance.
   Text is set as text, never as HTML. After it was filled, the event `tierbench:case` is sent to the document with the
   row and the slot for an explanation. */
(() => {
  'use strict'
  const tierbench = window.tierbench ??= {}
  const SIGNS = {
    passed: '✓', met: '✓', failed: '✗', missed: '✗', xfailed: '≈', error: '!', skipped: '–', unscored: '?',
    regressed: '↓', fixed: '↑', new: '+', same: '='
  }
  const make = (name, className = '', ...content) => {
    const element = document.createElement(name)
    if (className) element.className = className
    element.append(...content)
    return element
  }
  // Text from a suite or a model, in its own direction.
  const said = (text) => make('bdi', '', text)
  const fixed = (number, digits = 3) => number === null ? '' : number.toFixed(digits).replace('-', '−')
  const mark = (word) => {
    const sign = make('span', `tb-mark tb-${word}`, SIGNS[word] || '·')
    sign.setAttribute('aria-hidden', 'true')
    return sign
  }
  const WORDS = { xfailed: 'known miss' }
  const word = (outcome) => WORDS[outcome] || outcome
  Object.assign(tierbench, { make, said, fixed, mark, word })

  tierbench.image = (key, className, alt) => {
    const source = tierbench.picture(key)
    if (!source) return make('span', `tb-nopic ${className}`, 'no picture')
    const image = make('img', className)
    image.alt = alt
    image.width = source.width
    image.height = source.height
    image.decoding = 'async'
    image.src = source.src
    return image
  }

  const bars = (top) => {
    const list = make('ol', 'tb-bars')
    for (const { label, probability, concept } of top) {
      const fill = make('span', 'tb-bar-fill')
      fill.style.width = `${Math.min(100, Math.max(0, 100 * probability))}%`
      const name = make('span', 'tb-bar-label', said(label))
      if (concept) name.append(' ', make('span', 'tb-counts', 'counts as ', said(concept)))
      list.append(make('li', concept ? 'tb-hit' : '', name, make('span', 'tb-bar-track', fill), make('span', 'tb-bar-number', fixed(probability))))
    }
    return list
  }
  const section = (title, ...content) => make('section', '', make('h4', '', ...title), ...content)
  const noted = (row) => make('p', 'tb-quiet', mark(row.outcome), ` ${word(row.outcome)}`, ...(row.score === null ? [] : [`, score ${fixed(row.score)}`]))

  const verdict = (row) => {
    const line = make('p', `tb-reason tb-${row.outcome}`, mark(row.outcome), ' ')
    if (row.reason) line.append(said(row.reason))
    else if (row.predicted) line.append('expected ', said(row.expected.join(' or ')), ', got ', said(row.predicted), ` ${fixed(row.confidence)}`)
    else line.append(word(row.outcome))
    return line
  }
  const change = (row) => {
    const line = make('p', 'tb-note', 'Against the baseline: ', mark(row.change), ' ', make('b', '', row.change))
    if (row.baseline_score !== null && row.score !== null) line.append(`, score ${fixed(row.baseline_score)} → ${fixed(row.score)}`)
    return line
  }
  const demands = (thresholds) => {
    const list = make('ul', 'tb-demands')
    list.setAttribute('aria-label', 'thresholds')
    for (const { name, got, wanted, met } of thresholds) {
      const state = met ? 'met' : 'missed'
      const minus = (text) => text.replaceAll('-', '−')
      list.append(make('li', `tb-${state}`, mark(state), ` ${name} `, make('b', '', minus(got)), ' ', make('span', 'tb-quiet', `wanted ${minus(wanted)}`), ' ', make('span', 'tb-demand-state', state)))
    }
    return list
  }
  const facts = (row, known) => {
    const list = make('dl', 'tb-facts')
    const add = (name, ...content) => list.append(make('div', '', make('dt', '', said(name)), make('dd', '', ...content)))
    const source = tierbench.picture(row.picture)
    for (const [name, value] of known) add(name, said(value))
    if (source) add('size', `${source.width} × ${source.height} px`)
    if (row.url.startsWith('https://')) {
      const link = make('a', '', said(row.url))
      Object.assign(link, { href: row.url, rel: 'noreferrer noopener', target: '_blank' })
      add('url', link)
    } else if (row.url) add('url', said(row.url))
    add('test', make('code', '', said(row.nodeid)))
    return list
  }

  /* The picture without the object, and what both pictures say of the expectation. */
  const twinned = (row, { name, picture, own, without }) => {
    const margin = (value) => value === null ? 'saturated' : (value > 0 ? '+' : '') + fixed(value, 2)
    const known = own !== null && without !== null
    const state = !known ? 'unscored' : own > without ? 'met' : 'missed'
    const words = { met: 'Seen better with the object than without it.', missed: 'Seen no better than without the object.', unscored: 'Whether it is seen better with the object is not known.' }
    return make('div', 'tb-twin',
      make('p', 'tb-quiet', 'As it is: ', mark(row.outcome), ` ${word(row.outcome)}, log margin ${margin(own)}`),
      make('div', 'tb-frame', tierbench.image(picture, 'tb-large', `${name}, the same scene without the object`)),
      make('p', 'tb-quiet', 'Twin ', said(name), `: log margin ${margin(without)}`),
      make('p', '', mark(state), ` ${words[state]}`))
  }
  /* Small pictures that belong to the case, each with its outcome; a click opens it. */
  const family = ({ title, lines }, row, link, go) => {
    const box = section(title.map((part) => said(part)))
    for (const [name, own] of lines) {
      const list = make('ol', '', ...own.map((each) => {
        const step = each.step || (each.severity === null ? '' : String(each.severity))
        const about = each.corruption ? each.place : each.step || each.case
        const anchor = make('a', `tb-${each.outcome}`, tierbench.image(each.picture, 'tb-thumb', ''), make('span', 'tb-line', mark(each.outcome), step ? ' ' : '', said(step)))
        anchor.href = link(each)
        anchor.setAttribute('aria-label', `${about}: ${word(each.outcome)}${each.score === null ? '' : `, score ${fixed(each.score, 2)}`}`)
        anchor.title = anchor.getAttribute('aria-label')
        if (each === row) anchor.setAttribute('aria-current', 'true')
        anchor.addEventListener('click', (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return
          event.preventDefault()
          go(each)
        })
        return make('li', '', anchor)
      }))
      if (name) list.setAttribute('aria-label', name)
      box.append(make('div', 'tb-family-line', ...(name ? [make('span', '', said(name))] : []), list))
    }
    return box
  }

  /* `go(row)` opens another case, `walk(by)` a neighbour; `closed()` is called when the reader closes the case. */
  tierbench.makeCase = ({ dialog, several, accept, details, others, families, link, go, walk, closed }) => {
    const text = dialog.querySelector('.tb-case-text')
    const slot = dialog.querySelector('[data-slot=explanation]')
    // As in browser.css: beside the list, or above the page.
    const wide = matchMedia('(min-width: 1800px)')
    let shown = null

    const reveal = () => {
      if (dialog.open) return
      // Not by `show`, which moves the focus and the page.
      if (wide.matches) dialog.open = true
      else dialog.showModal()
    }
    wide.addEventListener('change', () => {
      if (!dialog.open) return
      dialog.close()
      reveal()
    })
    const buttons = (row) => {
      const copyLink = make('button', '', 'Copy link')
      copyLink.addEventListener('click', () => tierbench.copy(link(row), copyLink))
      const copyId = make('button', '', 'Copy pytest id')
      copyId.title = 'quoted for a shell'
      copyId.addEventListener('click', () => tierbench.copy(tierbench.quoted(row.nodeid), copyId))
      for (const button of [copyLink, copyId]) button.type = 'button'
      const line = make('p', 'tb-case-buttons', copyLink, copyId)
      if (tierbench.isFlip(row)) line.prepend(tierbench.tickBox(row, accept, 'Accept this'))
      return line
    }
    const show = (row, at, total) => {
      shown = row
      const { thresholds, top, before, published, facts: known, twin } = details(row)
      const related = families(row)
      const name = make('h3', '', said(row.key))
      name.id = 'tb-case-name'
      const where = [row.place, several ? row.model : '', ...row.tags].filter(Boolean)
      const about = make('p', 'tb-quiet tb-case-about', ...where.flatMap((part, index) => index ? [' · ', said(part)] : [said(part)]))
      const parts = [name, about, verdict(row)]
      if (row.known_issue) parts.push(make('p', 'tb-known', make('b', '', 'Known issue: '), said(row.known_issue)))
      if (row.change) parts.push(change(row))
      parts.push(buttons(row))
      if (thresholds.length) parts.push(demands(thresholds))
      const columns = make('div', 'tb-columns')
      if (top.length) columns.append(section(several ? [said(row.model), ' says now'] : ['The model says now'], bars(top)))
      if (before.length) columns.append(section(['The baseline said'], bars(before)))
      for (const other of others(row)) columns.append(section([said(other.model), ' says'], noted(other), bars(details(other).top)))
      for (const [model, labels] of published) columns.append(section(['Published: ', said(model)], bars(labels)))
      parts.push(columns)
      if (row.log) parts.push(make('details', 'tb-case-log', make('summary', '', 'Printed by the test'), make('pre', '', row.log)))
      text.replaceChildren(...parts)
      dialog.querySelector('.tb-case-facts').replaceChildren(facts(row, known))
      dialog.querySelector('.tb-frame').replaceChildren(tierbench.image(row.picture, 'tb-large', `${row.case}, expected ${row.expected.join(' or ')}`))
      dialog.querySelector('[data-slot=twin]').replaceChildren(...(twin ? [twinned(row, twin)] : []))
      dialog.querySelector('.tb-case-family').replaceChildren(...(related ? [family(related, row, link, go)] : []))
      dialog.querySelector('figcaption').replaceChildren(said(row.notes))
      dialog.querySelector('[data-at]').textContent = at < 0 ? '' : `${at + 1} of ${total}`
      dialog.querySelector('[data-do=previous]').disabled = at === 0
      dialog.querySelector('[data-do=next]').disabled = at === total - 1
      slot.replaceChildren()
      document.dispatchEvent(new CustomEvent('tierbench:case', { detail: { row, slot } }))
      dialog.querySelector('.tb-case-body').scrollTop = 0
      reveal()
    }
    const hide = () => {
      shown = null
      if (dialog.open) dialog.close()
    }

    dialog.addEventListener('close', () => { if (shown && !dialog.open) closed() })
    dialog.addEventListener('click', ({ target }) => {
      const task = target.closest('[data-do]')?.dataset.do
      if (task === 'close' || (target === dialog && !wide.matches)) dialog.close()
      else if (task) walk(task === 'next' ? 1 : -1)
    })
    document.addEventListener('keydown', ({ key, target }) => {
      // Above the page the browser does it.
      if (key === 'Escape' && wide.matches && dialog.open && !target.closest('input, select')) dialog.close()
    })
    dialog.addEventListener('keydown', (event) => {
      const by = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key]
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return
      walk(by)
      event.preventDefault()
    })
    let start = null
    dialog.addEventListener('touchstart', ({ touches }) => { start = touches.length === 1 ? touches[0] : null }, { passive: true })
    dialog.addEventListener('touchend', ({ changedTouches: [end] }) => {
      const [x, y] = start ? [end.clientX - start.clientX, end.clientY - start.clientY] : [0, 0]
      if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) walk(x < 0 ? 1 : -1)
    }, { passive: true })
    return { show, hide, row: () => shown, beside: () => wide.matches }
  }
})()
