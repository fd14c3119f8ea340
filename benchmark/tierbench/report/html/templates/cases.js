/* The rows of the browser of cases: read from the page's data, filtered, and put in order. */
(() => {
  'use strict'
  const tierbench = window.tierbench ??= {}

  // As it was opened: pytest-html's script, which runs before the page is complete, decodes the whole address.
  tierbench.asked = location.hash

  tierbench.readCases = ({ run, models, columns, rows, texts }) => {
    const bars = (top) => top.map(([label, probability, concept]) => ({ label: texts[label], probability, concept: texts[concept ?? 0] }))
    const several = models.length > 1
    const names = [...columns.text, ...columns.texts, ...columns.plain]
    const first = columns.text.length
    const second = first + columns.texts.length
    const read = (values, index) => {
      const row = { index }
      names.forEach((name, at) => {
        const value = values[at]
        row[name] = at < first ? texts[value] : at < second ? value.map((position) => texts[position]) : value
      })
      row.key = `${row.suite}/${row.case}`
      row.id = several ? `${row.key}:${row.model}` : row.key
      row.kind = row.tier === null ? (row.corruption ? 'corrupted' : row.place) : String(row.tier)
      row.searched = [row.key, row.model, row.predicted, row.reason, row.nodeid, ...row.expected, ...row.tags].join('\n').toLowerCase()
      return row
    }
    // What only an opened case shows.
    const details = (row) => ({
      thresholds: row.thresholds.map(([name, got, wanted, met]) => ({ name: texts[name], got: texts[got], wanted: texts[wanted], met })),
      top: bars(row.top),
      before: bars(row.baseline_top),
      published: row.published.map(([model, said]) => [texts[model], bars(said)]),
      facts: row.facts.map(([name, value]) => [texts[name], texts[value]]),
      twin: row.twin && { name: texts[row.twin[0]], picture: texts[row.twin[1]], own: row.twin[2], without: row.twin[3] }
    })
    return { run, models: models.map((position) => texts[position]), rows: rows.map(read), details }
  }

  const spaced = (name) => name.replaceAll('_', ' ')

  /* Return a function that gives the pictures which belong to a row, in named lines: the steps of its ladder, or a case
     with its corrupted copies by corruption and severity; null where there are none. */
  tierbench.makeFamilies = (rows) => {
    const key = (row, name) => JSON.stringify([row.model, row.suite, name])
    const [ladders, copies, sources] = [new Map(), new Map(), new Map()]
    const add = (map, name, row) => map.has(name) ? map.get(name).push(row) : map.set(name, [row])
    for (const row of rows) {
      if (row.ladder) add(ladders, key(row, row.ladder), row)
      if (row.source) add(copies, key(row, row.source), row)
    }
    for (const row of rows) if (copies.has(key(row, row.case))) sources.set(key(row, row.case), row)
    return (row) => {
      if (row.ladder) return { title: ['Ladder ', row.ladder], lines: [['', ladders.get(key(row, row.ladder))]] }
      const name = key(row, row.source || row.case)
      if (!copies.has(name)) return null
      const lines = new Map()
      for (const copy of copies.get(name)) add(lines, copy.corruption, copy)
      for (const own of lines.values()) own.sort((a, b) => a.severity - b.severity)
      const source = sources.get(name)
      const named = [...lines].map(([corruption, own]) => [spaced(corruption), own])
      return { title: ['Under corruptions, by severity'], lines: [...(source ? [['as it is', [source]]] : []), ...named] }
    }
  }

  const NEEDS_A_LOOK = ['error', 'failed', 'unscored', 'xfailed', 'missed', 'skipped', 'passed']
  const need = (row) => {
    if (row.change === 'regressed') return -1
    const at = NEEDS_A_LOOK.indexOf(row.outcome)
    return row.change === 'fixed' ? 2.5 : row.change === 'new' ? Math.min(at, 5.5) : at < 0 ? 5 : at
  }
  const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0
  const low = (row) => row.score ?? -1
  const drop = (row) => row.score === null || row.baseline_score === null ? 0 : Math.abs(row.score - row.baseline_score)
  const ORDERS = {
    '': (a, b) => need(a) - need(b) || (a.tier ?? 99) - (b.tier ?? 99) || low(a) - low(b),
    name: (a, b) => compare(a.key, b.key),
    low: (a, b) => low(a) - low(b),
    high: (a, b) => low(b) - low(a),
    drop: (a, b) => drop(b) - drop(a)
  }

  /* Return the positions of the rows that meet all of the filters, in order. */
  tierbench.findCases = (rows, wanted) => {
    const words = (wanted.q || '').toLowerCase().split(/\s+/).filter(Boolean)
    const [lowest, highest] = [wanted.low, wanted.high].map((text) => text === undefined ? null : Number(text))
    const equal = ['suite', 'outcome', 'change', 'corruption'].filter((name) => wanted[name])
    const found = rows.filter((row) =>
      equal.every((name) => row[name] === wanted[name]) &&
      (!wanted.tier || row.kind === wanted.tier) &&
      (!wanted.severity || String(row.severity) === wanted.severity) &&
      (!wanted.models || row.model === wanted.models) &&
      (!wanted.tag || row.tags.includes(wanted.tag)) &&
      (!wanted.concept || row.expected.includes(wanted.concept)) &&
      (lowest === null || (row.score !== null && row.score >= lowest)) &&
      (highest === null || (row.score !== null && row.score <= highest)) &&
      words.every((word) => row.searched.includes(word))
    )
    const order = ORDERS[wanted.sort || '']
    if (order) found.sort((a, b) => order(a, b) || a.index - b.index)
    return found.map((row) => row.index)
  }

  /* Give each filter its values, with their counts; one that cannot tell rows apart is left out. */
  tierbench.fillFilters = (section, rows, models) => {
    const lists = { suite: (row) => [row.suite], tier: (row) => [row.kind], corruption: (row) => [row.corruption], severity: (row) => [row.severity && String(row.severity)], tag: (row) => row.tags, concept: (row) => row.expected, outcome: (row) => [row.outcome], change: (row) => [row.change], models: (row) => [row.model] }
    for (const [name, of] of Object.entries(lists)) {
      const counts = new Map()
      for (const row of rows) for (const value of of(row)) if (value) counts.set(value, (counts.get(value) || 0) + 1)
      const label = section.querySelector(`[data-filter=${name}]`)
      const sorted = name === 'models' ? models.filter((model) => counts.has(model)) : [...counts.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      label.hidden = sorted.length === 0 || (sorted.length === 1 && counts.get(sorted[0]) === rows.length)
      for (const value of sorted) {
        const shown = name === 'outcome' ? tierbench.word(value) : name === 'corruption' ? spaced(value) : value
        label.querySelector('select').append(new Option(`${shown} (${counts.get(value)})`, value))
      }
    }
  }
})()
