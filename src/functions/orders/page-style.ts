// The order page's look: calm, light and dark, one column from a phone's width up.

export const style = `:root {
  color-scheme: light dark;
  --ink: light-dark(#15232d, #e6eef3);
  --soft: light-dark(#526472, #9fb1bd);
  --paper: light-dark(#f3f7f9, #0e161b);
  --card: light-dark(#ffffff, #172229);
  --line: light-dark(#d9e3e8, #2b3b45);
  --brand: light-dark(#0d6179, #5fc0d8);
  --on-brand: light-dark(#ffffff, #06222b);
  --good: light-dark(#17663a, #6fd69b);
  --wait: light-dark(#7a4d00, #f0bd62);
  --bad: light-dark(#a52121, #ff9a93);
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word }
main { max-width: 44rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem) clamp(.9rem, 4vw, 1.5rem) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: clamp(1.1rem, 4vw, 1.75rem); margin: 0 0 1rem }
h1, .host, .why, #message { overflow-wrap: anywhere }
h1 { font-size: clamp(1.4rem, 5vw, 1.9rem); line-height: 1.2; margin: .15rem 0 .6rem; text-wrap: balance }
h2 { font-size: 1.1rem; margin: 0 0 .25rem }
p { margin: 0 }
.host, .soft { color: var(--soft) }
.host:empty, #left:empty { display: none }
#message { max-width: 38rem; white-space: pre-line }
.bar { height: .6rem; border-radius: .3rem; background: var(--line); margin: 1.1rem 0 .6rem; overflow: hidden }
.bar div { height: 100%; width: 0; border-radius: inherit; background: var(--brand); transition: width .6s ease }
.live .bar div { background: var(--good) }
.undone .bar div, .undoing .bar div, .stuck .bar div { background: var(--bad) }
.links { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.1rem }
.links a { display: inline-flex; align-items: center; min-height: 2.75rem; padding: 0 1.2rem; font-weight: 600; border-radius: .6rem; border: 1px solid var(--brand); color: var(--brand); text-decoration: none }
.links a:first-child { background: var(--brand); color: var(--on-brand) }
a:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px }
ol { list-style: none; margin: 0; padding: 0 }
li { display: grid; grid-template-columns: 1.6rem minmax(8rem, 1fr) auto; gap: 0 .6rem; padding: .7rem 0; border-top: 1px solid var(--line); align-items: baseline }
li:first-child { border-top: 0 }
.icon { width: 1.15rem; height: 1.15rem; align-self: start; margin-top: .22rem; border-radius: 50%; border: 2px solid var(--soft); position: relative }
.name { font-weight: 600 }
.state { text-align: right; color: var(--soft); font-size: .92rem }
.why { grid-column: 2 / -1; color: var(--soft); font-size: .92rem }
.why:empty { display: none }
.waiting .name { color: var(--soft); font-weight: 500 }
.waiting .icon { border-style: dotted }
.done .icon { background: var(--good); border-color: var(--good) }
.done .icon::after { content: ''; position: absolute; left: .3rem; top: .08rem; width: .24rem; height: .5rem; border: solid var(--card); border-width: 0 2px 2px 0; transform: rotate(45deg) }
.working .icon, .removing .icon { border-color: var(--line); border-top-color: var(--brand); animation: turn 1s linear infinite }
.removing .icon { border-top-color: var(--wait); animation-direction: reverse }
.working .state { color: var(--brand) }
.removing .state { color: var(--wait) }
.removed .icon::after, .off .icon::after, .unneeded .icon::after { content: ''; position: absolute; left: .2rem; right: .2rem; top: calc(50% - 1px); height: 2px; background: var(--soft) }
li.stuck .icon { border-color: var(--bad) }
li.stuck .icon::after { content: '!'; position: absolute; inset: 0; display: grid; place-items: center; color: var(--bad); font: 700 .8rem/1 system-ui, sans-serif }
li.stuck .state, li.stuck .why { color: var(--bad) }
#line { font-size: .88rem; text-align: center }
@keyframes turn { to { transform: rotate(1turn) } }
@media (prefers-reduced-motion: reduce) { .working .icon, .removing .icon { animation-duration: 6s } .bar div { transition: none } }
@media (max-width: 38rem) { li { grid-template-columns: 1.6rem 1fr } .state { grid-column: 2; text-align: left } }
`
