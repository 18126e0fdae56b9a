// The table of a transfer: a row for each file with how far it is, and a line for all of
// them with speed and what is left. It shows so many rows, and more on request: a drop
// may have a million files.
import { el, show } from './dom.js';
import { Rate } from './rate.js';
import { sizeOf, durationOf, countOf, nameOf } from './words.js';

const page = 200;

export class Table {
  #rows = new Map(); // by index
  #shown = 0;

  // action, if there is one, is {label(entry), run(index)}: a button in each row.
  constructor(root, action = null) {
    Object.assign(this, { root, action, entries: [] });
    this.body = el('tbody');
    this.more = el('button', { type: 'button', className: 'quiet more', onclick: () => this.#grow() });
    root.replaceChildren(
      el('table', {},
        el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Name'), el('th', { scope: 'col', className: 'size' }, 'Size'),
          el('th', { scope: 'col', className: 'state' }, 'State'), el('th', { scope: 'col', className: 'act' }, el('span', { className: 'unseen' }, 'Action')))),
        this.body),
      this.more);
  }

  fill(entries) {
    this.entries = entries;
    this.#rows.clear();
    this.#shown = 0;
    this.body.replaceChildren();
    this.#grow();
  }

  #grow() {
    const until = Math.min(this.entries.length, this.#shown + page);
    for (let i = this.#shown; i < until; i++) this.body.append(this.#row(i));
    this.#shown = until;
    show(this.more, until < this.entries.length);
    this.more.textContent = `Show more of the other ${countOf(this.entries.length - until, 'entry', 'entries')}`;
  }

  #row(index) {
    const entry = this.entries[index];
    const cut = entry.path.lastIndexOf('/') + 1;
    const bar = el('progress', { max: Math.max(entry.size, 1), value: 0, hidden: true, 'aria-label': `Progress of ${nameOf(entry.path)}` });
    const word = el('span', { className: 'word' }, entry.note ?? '');
    const act = el('td', { className: 'act' });
    if (this.action?.label(entry)) {
      act.append(el('button', { type: 'button', className: 'quiet', 'aria-label': `${this.action.label(entry)} ${nameOf(entry.path)}`, onclick: () => this.action.run(index) }, this.action.label(entry)));
    }
    const row = el('tr', {},
      el('td', { className: 'name', title: nameOf(entry.path) }, el('div', {}, el('span', { className: `mark ${entry.kind}`, 'aria-hidden': 'true' }),
        el('span', {}, el('span', { className: 'dim' }, nameOf(entry.path.slice(0, cut))), el('bdi', {}, nameOf(entry.path.slice(cut)) + (entry.kind === 'dir' ? '/' : ''))))),
      el('td', { className: 'size' }, entry.kind === 'file' ? sizeOf(entry.size) : ''),
      el('td', { className: 'state' }, bar, word),
      act);
    this.#rows.set(index, { row, bar, word });
    return row;
  }

  // moved shows how many bytes of a file are there.
  moved(index, at) {
    const row = this.#rows.get(index);
    const { size } = this.entries[index];
    if (!row || size === 0 || row.row.classList.contains('good')) return;
    show(row.bar);
    row.bar.value = at;
    row.rate ??= new Rate();
    row.rate.add(performance.now(), at);
    const rate = row.rate.perSecond(performance.now());
    row.word.textContent = `${Math.floor((100 * at) / size)} %${rate > 0 ? `, ${sizeOf(rate)}/s` : ''}`;
  }

  // end shows a result: its word, and whether it is good or bad.
  end(index, word, look = 'good') {
    const row = this.#rows.get(index);
    if (!row) return;
    show(row.bar, false);
    row.word.textContent = word;
    row.row.className = look;
  }

  // stop shows of what was not ended that it will not be.
  stop(index) {
    const row = this.#rows.get(index);
    if (row && !row.row.classList.contains('good')) this.end(index, 'not saved', 'bad');
  }

  // reset takes back what was shown of these, or of all.
  reset(indices = this.#rows.keys()) {
    for (const index of indices) {
      const made = this.#rows.get(index);
      if (!made) continue;
      delete made.rate;
      show(made.bar, false);
      made.word.textContent = this.entries[index].note ?? '';
      made.row.className = '';
    }
  }

  // locked keeps the rows as they are while something is under way.
  locked(locked) {
    for (const button of this.body.querySelectorAll('button')) button.disabled = locked;
  }
}

// A Meter is the line for all of it. The title of the page says it, too, for who is
// in another tab.
export class Meter {
  #rate = new Rate();
  #title = document.title;
  #waiting = '';

  constructor(root, total) {
    Object.assign(this, { root, total, bytes: 0, began: performance.now() });
    this.bar = el('progress', { max: Math.max(total, 1), value: 0, 'aria-label': 'Progress of all' });
    this.line = el('p', { className: 'figures' });
    root.replaceChildren(this.bar, this.line);
    show(root);
    this.timer = setInterval(() => this.#draw(), 500);
    this.moved(0);
  }

  moved(bytes) {
    this.bytes = bytes;
    this.#rate.add(performance.now(), bytes);
    this.#draw();
  }

  waiting(why) {
    this.#waiting = why;
    this.#draw();
  }

  #draw() {
    const now = performance.now();
    const percent = this.total === 0 ? 100 : Math.floor((100 * this.bytes) / this.total);
    const rate = this.#rate.perSecond(now);
    const left = this.bytes < this.total ? durationOf(this.#rate.left(now, this.total - this.bytes)) : '';
    this.bar.value = this.bytes;
    this.root.classList.toggle('waiting', this.#waiting !== '');
    const words = [el('b', {}, `${percent} %`), `${sizeOf(this.bytes)} of ${sizeOf(this.total)}`];
    if (this.#waiting) words.push(`Waiting: ${this.#waiting}. It goes on by itself.`);
    else if (rate > 0) words.push(`${sizeOf(rate)}/s`, ...(left ? [`${left} left`] : []));
    this.line.replaceChildren(...words.map((word) => el('span', {}, word)));
    document.title = `${percent} % · ${this.#title}`;
  }

  // stop ends it, and returns what it took, in words.
  stop() {
    clearInterval(this.timer);
    document.title = this.#title;
    show(this.root, false);
    const seconds = (performance.now() - this.began) / 1000;
    return `${sizeOf(this.total)} in ${durationOf(seconds)}`;
  }
}
