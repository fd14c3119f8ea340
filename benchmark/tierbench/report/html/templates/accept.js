/* Ticks of flips, and the command that accepts them. Text is set as text, never as HTML. */
(() => {
  'use strict'
  const tierbench = window.tierbench ??= {}
  const LONG = 5 // more cases than this are named by --only-fixed where that says the same
  const ticked = new Set() // ids of rows

  // As Python's shlex.quote: what a POSIX shell takes for one word.
  const quoted = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
  tierbench.quoted = quoted
  tierbench.isFlip = (row) => row.change === 'regressed' || row.change === 'fixed'

  tierbench.copy = async (text, button) => {
    const label = button.dataset.label ??= button.textContent
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      // Pages from files may have no clipboard: select the text in a field instead.
      const field = document.createElement('textarea')
      field.value = text
      field.className = 'tb-sr'
      button.after(field)
      field.select()
      document.execCommand('copy')
      field.remove()
    }
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = label }, 1500)
  }

  tierbench.makeAccept = ({ box, run, rows, several, changed }) => {
    const count = box.querySelector('.tb-accept-count')
    const code = box.querySelector('code')
    const of = (model) => rows.filter((row) => ticked.has(row.id) && row.model === model)
    const command = (model) => {
      const chosen = of(model)
      const fixed = rows.filter((row) => row.model === model && row.change === 'fixed')
      const onlyFixed = chosen.length > LONG && chosen.length === fixed.length && chosen.every((row) => row.change === 'fixed')
      const which = onlyFixed ? ['--only-fixed'] : chosen.map((row) => `--case ${quoted(row.key)}`)
      return ['tierbench baseline accept', quoted(run), ...(several ? [`--model ${quoted(model)}`] : []), ...which].join(' ')
    }
    const show = () => {
      const models = [...new Set(rows.filter((row) => ticked.has(row.id)).map((row) => row.model))]
      box.hidden = !models.length
      count.textContent = ticked.size === 1 ? '1 flip' : `${ticked.size} flips`
      code.textContent = models.map(command).join('\n')
    }
    box.querySelector('[data-do=copy]').addEventListener('click', ({ target }) => tierbench.copy(code.textContent, target))
    const accept = {
      ids: () => [...ticked],
      has: (row) => ticked.has(row.id),
      set: (chosen, on = true) => {
        chosen.forEach((row) => ticked[on ? 'add' : 'delete'](row.id))
        show()
        changed()
      },
      // As the address of the page says: without a word to it.
      restore: (ids) => {
        const known = new Set(rows.filter(tierbench.isFlip).map((row) => row.id))
        ticked.clear()
        ids.filter((id) => known.has(id)).forEach((id) => ticked.add(id))
        show()
      }
    }
    box.querySelector('[data-do=untick]').addEventListener('click', () => accept.set(rows, false))
    return accept
  }

  tierbench.tickBox = (row, accept, text) => {
    const label = document.createElement('label')
    label.className = 'tb-tick'
    const input = document.createElement('input')
    input.type = 'checkbox'
    input.checked = accept.has(row)
    input.setAttribute('aria-label', `accept ${row.id}`)
    input.addEventListener('change', () => accept.set([row], input.checked))
    label.append(input, text)
    return label
  }
})()
