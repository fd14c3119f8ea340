/* Sort the runs by a column: numbers as numbers, texts as texts; a second click turns the order around. */
(() => {
  'use strict'
  const table = document.getElementById('runs')
  const body = table.tBodies[0]
  const heads = [...table.tHead.rows[0].cells]
  const compare = new Intl.Collator('en', { numeric: true }).compare
  table.tHead.addEventListener('click', ({ target }) => {
    const button = target.closest('button[data-column]')
    if (!button) return
    const head = button.closest('th')
    const at = heads.indexOf(head)
    const down = head.getAttribute('aria-sort') === 'ascending'
    const key = (row) => row.cells[at].dataset.key
    const numeric = [...body.rows].every((row) => key(row) !== '' && !Number.isNaN(Number(key(row))))
    const order = numeric ? (a, b) => Number(key(a)) - Number(key(b)) : (a, b) => compare(key(a), key(b))
    body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * order(a, b)))
    for (const other of heads) other.removeAttribute('aria-sort')
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
    document.getElementById('sorted').textContent = `sorted by ${button.textContent}, ${down ? 'descending' : 'ascending'}`
  })
})()
