/* Open rows by click and by key without a redraw, load pictures when they become visible, and keep the focus.
   pytest-html redraws the whole table at every click, and ignores clicks on elements nested in a cell. */
(() => {
  'use strict'
  const opened = new Map() // rows opened or closed by the user, by pytest-html's id; kept here because redraws lose it
  const pictures = new Map()
  const details = new Map()
  let focused = null

  const fill = (image) => {
    const source = pictures.get(image.dataset.thumb || image.dataset.large)
    if (!source) {
      const box = document.createElement('span')
      box.className = `tb-nopic ${image.className}`
      box.setAttribute('role', 'img')
      box.setAttribute('aria-label', `no picture: ${image.alt}`)
      box.textContent = 'no picture'
      image.replaceWith(box)
      return
    }
    image.src = image.dataset.thumb ? source.dataset.thumbnail : source.textContent
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
    const source = pictures.get(image.dataset.large)
    if (source) {
      // Reserve the space before the picture is loaded, so that the page does not jump.
      image.width = source.dataset.width
      image.height = source.dataset.height
    }
    watcher.observe(image)
  })

  // The details of a row are stored as data until the row is opened; the templates have escaped untrusted text.
  const fillDetail = (row) => {
    const source = details.get(row.querySelector('[data-case]')?.dataset.case)
    const box = row.parentElement.querySelector('.extraHTML')
    if (!source || !box || box.querySelector('.tb-detail')) return
    box.insertAdjacentHTML('afterbegin', JSON.parse(source.textContent))
    watch(box)
  }
  const show = (row, open) => {
    if (open) fillDetail(row)
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
    const link = event.target.closest('a[data-goto]')
    if (link) {
      const row = document.querySelector(`[data-case="${link.dataset.goto}"]`)?.parentElement
      if (row) {
        event.preventDefault()
        if (row.getAttribute('aria-expanded') !== 'true') toggle(row)
        row.focus({ preventScroll: true })
        row.scrollIntoView({ block: 'start' })
      }
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

  document.addEventListener('DOMContentLoaded', () => {
    document.querySelectorAll('script[data-picture]').forEach((source) => pictures.set(source.dataset.picture, source))
    document.querySelectorAll('script[data-detail]').forEach((source) => details.set(source.dataset.detail, source))
    const table = document.getElementById('results-table')
    const frame = document.createElement('div')
    frame.className = 'tb-table'
    table.before(frame)
    frame.append(table)
    new MutationObserver(dress).observe(frame, { childList: true })

    const environment = document.createElement('details')
    environment.className = 'tb-environment'
    const summary = document.createElement('summary')
    summary.textContent = 'Environment'
    environment.append(summary, document.getElementById('environment'))
    frame.after(environment, document.querySelector('h1 + p'))
    document.getElementById('environment-header').hidden = true

    document.querySelectorAll('.filters input').forEach((box) => {
      const label = document.createElement('label')
      label.className = 'tb-filter'
      const text = box.nextElementSibling
      text.textContent = text.textContent.replace(/,\s*$/, '')
      box.before(label)
      label.append(box, text)
    })
    watch(document)
    dress()
  })
})()
