/* Load pictures when they become visible, open rows of pytest-html's table by click and by key without a redraw, and keep
   the focus: pytest-html redraws the whole table at every click, and ignores clicks on elements nested in a cell. */
(() => {
  'use strict'
  const tierbench = window.tierbench ??= {}
  const opened = new Map() // rows opened or closed by the user, by pytest-html's id; kept here because redraws lose it
  const inside = new Map()
  let beside = { folder: '', sizes: {} }
  let focused = null

  /* Return the address of a picture and its size in pixels before it was reduced; undefined if it cannot be shown. */
  tierbench.picture = (key) => {
    const source = inside.get(key)
    if (source) return { src: source.textContent, width: Number(source.dataset.width), height: Number(source.dataset.height) }
    const [width, height] = Object.hasOwn(beside.sizes, key) ? beside.sizes[key] : []
    return width && { src: `${encodeURIComponent(beside.folder)}/${encodeURIComponent(key)}.jpg`, width, height }
  }
  const fill = (image) => {
    const source = tierbench.picture(image.dataset.thumb || image.dataset.large)
    if (!source) {
      const box = document.createElement('span')
      box.className = `tb-nopic ${image.className}`
      if (image.alt) {
        box.setAttribute('role', 'img')
        box.setAttribute('aria-label', `no picture: ${image.alt}`)
      }
      box.textContent = 'no picture'
      image.replaceWith(box)
      return
    }
    image.src = source.src
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watcher.unobserve(target)
        fill(target)
      }
    }
  }, { rootMargin: '400px' })
  const watch = (root) => root.querySelectorAll('img[data-thumb]:not([src]), img[data-large]:not([src])').forEach((image) => {
    const source = tierbench.picture(image.dataset.thumb || image.dataset.large)
    // Reserve the space before the picture is loaded, so that the page does not jump.
    if (source) Object.assign(image, { width: source.width, height: source.height })
    watcher.observe(image)
  })

  const show = (row, open) => {
    row.parentElement.querySelector('.extras-row')?.classList.toggle('hidden', !open)
    row.querySelector('.col-result')?.classList.toggle('collapsed', !open)
    row.setAttribute('aria-expanded', String(open))
  }
  const toggle = (row) => {
    const open = row.getAttribute('aria-expanded') !== 'true'
    const { id } = row.dataset
    show(row, open)
    opened.set(id, open)
    // pytest-html's filter reads this list.
    const closed = new Set(JSON.parse(sessionStorage.getItem('collapsedIds') || '[]'))
    closed[open ? 'delete' : 'add'](id)
    sessionStorage.setItem('collapsedIds', JSON.stringify([...closed]))
  }

  const dress = () => {
    const table = document.getElementById('results-table')
    table.setAttribute('role', 'treegrid') // of tables, only this kind has rows that open
    for (const row of table.querySelectorAll('tr.collapsible')) {
      const hidden = row.parentElement.querySelector('.extras-row')?.classList.contains('hidden')
      row.tabIndex = 0
      show(row, opened.get(row.dataset.id) ?? !hidden)
    }
    for (const head of table.querySelectorAll('th.sortable')) {
      const way = head.classList.contains('asc') ? 'ascending' : head.classList.contains('desc') ? 'descending' : 'none'
      head.setAttribute('aria-sort', way)
    }
    watch(table)
    if (focused && document.activeElement === document.body) {
      table.querySelector(focused)?.focus({ preventScroll: true })
    }
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest('#show_all_details, #hide_all_details')) {
      opened.clear()
      return
    }
    const row = event.target.closest('#results-table tr.collapsible')
    if (!row || event.target.closest('a, .col-links')) return
    event.stopImmediatePropagation()
    const selection = getSelection()
    if (selection.type === 'Range' && row.contains(selection.anchorNode)) return
    toggle(row)
  }, true)

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    if (event.target.matches('tr.collapsible')) toggle(event.target)
    else if (event.target.matches('th.sortable')) event.target.click()
    else return
    event.preventDefault()
  })
  document.addEventListener('focusin', ({ target }) => {
    if (target.matches('tr.collapsible')) focused = `tr.collapsible[data-id="${target.dataset.id}"]`
    else if (target.matches('th.sortable')) focused = `th[data-column-type="${target.dataset.columnType}"]`
    else focused = null
  })
  window.addEventListener('beforeprint', () => {
    document.querySelectorAll('img[data-thumb]:not([src]), img[data-large]:not([src])').forEach((image) => {
      if (image.offsetParent) fill(image)
    })
  })

  /* Under the browser of cases, the table has the tests that are no cases: closed where all of them passed. */
  const foldOthers = (frame) => {
    const { tests } = JSON.parse(document.getElementById('data-container').dataset.jsonblob)
    const results = Object.values(tests).flat().map(({ result }) => result.toLowerCase())
    const count = (result) => results.filter((each) => each === result).length
    const others = document.createElement('details')
    others.className = 'tb-other-tests'
    others.open = results.some((result) => result !== 'passed')
    const summary = document.createElement('summary')
    const heading = document.createElement('h2')
    heading.textContent = `Other tests: ${results.length}${others.open ? '' : ', all passed'}`
    summary.append(heading)
    frame.before(others)
    others.append(summary, document.querySelector('.controls'), frame)
    others.hidden = !results.length
    // pytest-html's counts are those of all tests.
    for (const box of document.querySelectorAll('.filters input')) {
      const text = box.nextElementSibling
      text.textContent = text.textContent.replace(/^\d+/, count(box.dataset.testResult))
      box.disabled = !count(box.dataset.testResult)
    }
  }

  document.addEventListener('DOMContentLoaded', () => {
    document.querySelectorAll('script[data-picture]').forEach((source) => inside.set(source.dataset.picture, source))
    const stored = document.getElementById('tb-pictures-data')
    if (stored) beside = JSON.parse(stored.textContent)
    watch(document)
    const table = document.getElementById('results-table')
    if (!table) return
    const frame = document.createElement('div')
    frame.className = 'tb-table'
    table.before(frame)
    frame.append(table)
    if (document.getElementById('tb-cases')) foldOthers(frame)
    new MutationObserver(dress).observe(frame, { childList: true })

    const environment = document.createElement('details')
    environment.className = 'tb-environment'
    const summary = document.createElement('summary')
    summary.textContent = 'Environment'
    environment.append(summary, document.getElementById('environment'))
    const above = frame.closest('.tb-other-tests') || frame
    above.after(environment, document.querySelector('h1 + p'))
    document.getElementById('environment-header').hidden = true

    document.querySelectorAll('.filters input').forEach((box) => {
      const label = document.createElement('label')
      label.className = 'tb-filter'
      const text = box.nextElementSibling
      text.textContent = text.textContent.replace(/,\s*$/, '')
      box.before(label)
      label.append(box, text)
    })
    dress()
  })
})()
