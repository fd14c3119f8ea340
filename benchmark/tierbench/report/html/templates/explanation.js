/* Show one of the maps of an explained picture, or the picture alone, and set the strength of the colours. */
;(() => {
  'use strict'
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('.tb-explained [data-show]')
    if (!button) return
    const box = button.closest('.tb-explained')
    const { show } = button.dataset
    box.dataset.shown = show
    box.querySelectorAll('[data-map]').forEach((part) => { part.hidden = part.dataset.map !== show })
    box.querySelectorAll('[data-show]').forEach((each) => each.setAttribute('aria-pressed', String(each === button)))
  })
  document.addEventListener('input', ({ target }) => {
    const box = target.matches('.tb-explained-strength input') && target.closest('.tb-explained')
    if (box) box.style.setProperty('--tb-strength', target.value / 100)
  })
})()
