// The page: which view it is, the colours, and what is asked when it is left.
import { $, show, problem } from './dom.js';
import { Fault, fromText } from './drop.js';
import { begin as send } from './send.js';
import { begin as receive } from './receive.js';
import { isTicket, keyOf } from './ticket.js';
import { busy } from './work.js';

function start() {
  $('host').textContent = location.host;
  theme();
  addEventListener('hashchange', () => location.reload());
  addEventListener('beforeunload', (event) => busy() && event.preventDefault());
  const word = wordOf(location.hash.slice(1));
  if (!window.isSecureContext || !crypto.subtle) {
    return fail(new Fault('', 'A browser encrypts only on pages that came over https', 'Open this relay by https, or use bargee in a terminal.'));
  }
  if (word === '' || word === 'main') return sending('');
  if (word.startsWith('bgk_')) {
    history.replaceState(null, '', '/'); // a key is not for the address bar
    return sending(word);
  }
  try {
    fromText(word);
  } catch (fault) {
    return fail(fault);
  }
  show($('receive'));
  receive(word, fail);
}

// wordOf is what follows the #, also where somebody's program has quoted its letters.
function wordOf(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sending(access) {
  show($('send'));
  send(access);
  $('paste').onsubmit = (event) => {
    event.preventDefault();
    open($('pasted').value);
  };
}

// open goes to a link, a key or a ticket that was pasted.
async function open(text) {
  const word = text.trim();
  try {
    let [origin, key] = word.includes('#') ? word.split('#') : ['', word];
    if (isTicket(word)) ({ key, url: origin } = await keyOf(word));
    fromText(key);
    if (origin && !/^https?:/.test(origin)) throw new Fault('invalid', 'This link does not begin with https://');
    if (origin && new URL(origin).origin !== location.origin) location.assign(`${new URL(origin).origin}/#${key}`);
    else location.hash = key;
  } catch (fault) {
    problem($('paste-fault'), fault instanceof Fault ? fault : new Fault('invalid', 'This is no link'));
  }
}

// fail shows a Fault instead of a view.
function fail(fault) {
  for (const id of ['send', 'receive']) show($(id), false);
  $('stop-title').textContent = Object.hasOwn(titles, fault.kind) ? titles[fault.kind] : 'This did not work';
  show($('stop'));
  problem($('stop-why'), fault);
  $('stop-home').focus();
}

const titles = {
  'not-found': 'There is nothing here',
  invalid: 'This link does not open anything',
  integrity: 'These files were changed',
  version: 'This drop is too new for this page',
  '': 'This page needs https',
};

function theme() {
  const names = { '': 'Auto', light: 'Light', dark: 'Dark' };
  const draw = () => {
    const chosen = document.documentElement.dataset.theme ?? '';
    $('theme-word').textContent = names[chosen];
    $('theme').setAttribute('aria-label', `Colours: ${chosen || 'as the system'}`);
  };
  $('theme').onclick = () => {
    const order = Object.keys(names);
    const next = order[(order.indexOf(document.documentElement.dataset.theme ?? '') + 1) % order.length];
    if (next) document.documentElement.dataset.theme = next;
    else delete document.documentElement.dataset.theme;
    try {
      localStorage.setItem('theme', next);
    } catch {
      // it holds until the page is left
    }
    draw();
  };
  draw();
}

start();
