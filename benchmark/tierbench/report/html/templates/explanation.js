/* Show one of the maps of an explained picture, or the picture alone, and set the strength of the colours. */
;(() => {
  'use strict'
  // An opened case that was explained: its picture moves beneath the maps.
  document.addEventListener('tierbench:case', ({ detail: { row, slot } }) => {
    const made = [...document.querySelectorAll('template[data-explained]')]
      .find(({ dataset }) => dataset.explained === row.key && dataset.model === row.model)
    if (!made) return
    const explained = made.content.cloneNode(true)
    explained.querySelector('[data-picture]').replaceWith(...slot.parentElement.querySelector('.tb-frame').childNodes)
    slot.append(explained)
  })
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
