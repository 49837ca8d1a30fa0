// The look of the lab's pages: light and dark, from a phone's width up, no asset from anywhere.

export const style = `:root {
  color-scheme: light dark;
  --ink: light-dark(#15232d, #e6eef3);
  --soft: light-dark(#526472, #9fb1bd);
  --paper: light-dark(#f3f7f9, #0e161b);
  --card: light-dark(#ffffff, #172229);
  --line: light-dark(#d5e0e6, #2b3b45);
  --brand: light-dark(#0d6179, #5fc0d8);
  --on-brand: light-dark(#ffffff, #06222b);
  --good: light-dark(#17663a, #6fd69b);
  --wait: light-dark(#7a4d00, #f0bd62);
  --bad: light-dark(#a52121, #ff9a93);
}
* { box-sizing: border-box }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
.wide { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem }
.top { background: var(--card); border-bottom: 1px solid var(--line) }
.top .wide { display: flex; align-items: center; justify-content: space-between; min-height: 3.75rem }
.brand { display: flex; gap: .5rem; align-items: center; font-weight: 700; font-size: 1.15rem; color: var(--brand); text-decoration: none }
nav a { margin-left: 1rem }
a { color: var(--brand) }
h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; margin: 2.25rem 0 .5rem; text-wrap: balance }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem }
.lead { color: var(--soft); margin: 0 0 1.5rem; max-width: 42rem }
fieldset { border: 0; padding: 0; margin: 0 }
legend { font-weight: 600; padding: 0; margin-bottom: .5rem }
.plans { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem }
.plan { position: relative; display: block; padding: 1.25rem; background: var(--card); border: 2px solid var(--line); border-radius: .9rem; cursor: pointer }
.plan:has(:checked) { border-color: var(--brand) }
.plan:has(:focus-visible) { outline: 3px solid var(--brand); outline-offset: 2px }
.plan input { position: absolute; top: 1.35rem; right: 1.25rem; width: 1.1rem; height: 1.1rem; accent-color: var(--brand) }
.plan-name { display: block; font-weight: 700; font-size: 1.15rem; text-transform: capitalize }
.plan-blurb { display: block; color: var(--soft); margin-bottom: .75rem }
.plan-facts { display: grid; gap: .2rem }
.pay { display: flex; flex-wrap: wrap; gap: 1rem; align-items: end; margin-top: 1.25rem }
.field { flex: 1 1 16rem; display: grid; gap: .3rem }
label { font-weight: 600 }
.plan { font-weight: 400 }
input:is([type=email], :not([type])), select { font: inherit; color: inherit; width: 100%; min-height: 2.9rem; padding: 0 .9rem; background: var(--card); border: 1px solid var(--soft); border-radius: .6rem }
button, .button { font: inherit; font-weight: 600; color: var(--brand); background: transparent; border: 1px solid currentColor; border-radius: .6rem; min-height: 2.5rem; padding: .4rem 1rem; cursor: pointer; text-decoration: none; display: inline-flex; align-items: center }
button.primary { background: var(--brand); border-color: var(--brand); color: var(--on-brand); min-height: 2.9rem; padding: 0 1.5rem; flex: 0 1 auto }
.danger { color: var(--bad) }
button:hover, .button:hover { filter: brightness(1.1) }
button:disabled { opacity: .6; cursor: default }
:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px }
.hint { color: var(--soft); font-size: .92rem; margin: .6rem 0 0 }
.error { background: var(--card); color: var(--bad); border: 1px solid currentColor; border-left-width: .4rem; border-radius: .6rem; padding: .75rem 1rem; font-weight: 600 }
.empty { color: var(--soft); background: var(--card); border: 1px dashed var(--line); border-radius: .9rem; padding: 1.5rem; text-align: center }
.services { list-style: none; padding: 0; margin: 0; display: grid; gap: .75rem }
.service { display: flex; flex-wrap: wrap; gap: 1rem; justify-content: space-between; align-items: center; background: var(--card); border: 1px solid var(--line); border-radius: .9rem; padding: 1rem 1.25rem }
.service p { margin: 0 }
.what { min-width: 0 }
.site { font-weight: 600; overflow-wrap: anywhere; display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: center }
.hint, .mail pre { overflow-wrap: anywhere }
.links { display: flex; gap: 1rem; font-size: .92rem }
.do { display: flex; flex-wrap: wrap; gap: .6rem }
.do form { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 }
.do select { width: auto; padding: .4rem .6rem }
.more { align-self: center }
.more[open] { flex-basis: 100% }
.more summary { cursor: pointer; color: var(--soft) }
.badge { white-space: nowrap; font-size: .85rem; font-weight: 600; padding: .05rem .6rem; border-radius: 1rem; border: 1px solid currentColor; color: var(--wait) }
.badge.live { color: var(--good) }
.badge.suspended, .badge.terminated { color: var(--soft) }
.badge.undone, .badge.stuck { color: var(--bad) }
.ended { margin-top: 1rem }
.ended summary { cursor: pointer; color: var(--soft); margin-bottom: .75rem }
.mail { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; padding: 1rem 1.25rem; margin-bottom: 1rem }
.mail h2 { margin: 0; font-size: 1.1rem }
.mail pre { white-space: pre-wrap; font: .95rem/1.5 ui-monospace, monospace; margin: .75rem 0 0 }
.narrow { max-width: 36rem }
.narrow .do { margin-top: 1.5rem }
footer.wide { color: var(--soft); font-size: .88rem; margin-top: 3rem; padding-bottom: 2rem }
`
