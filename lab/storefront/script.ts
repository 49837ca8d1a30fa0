// The storefront's only script: while a service is under way, its list is fetched again now and then. Without it the page works.

export const script = `'use strict'
const list = document.getElementById('services')
let shown = list.innerHTML
async function again() {
  if (!document.hidden && list.querySelector('[data-busy]')) {
    try {
      const answer = await fetch('/services')
      const text = answer.ok ? await answer.text() : shown
      if (text !== shown && !list.contains(document.activeElement)) list.innerHTML = shown = text
    } catch { /* the lab is being restarted; the next look will tell */ }
  }
  setTimeout(again, 1500)
}
setTimeout(again, 1500)
document.addEventListener('submit', (event) => {
  if (event.target.target !== '_blank') for (const button of event.target.querySelectorAll('button')) setTimeout(() => { button.disabled = true })
})
`
