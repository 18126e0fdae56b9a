// How fast something is, over the last seconds, and how long it will take. Pure: who
// asks says what time it is, in milliseconds.

const span = 5000;

export class Rate {
  #points = []; // [when, bytes]

  add(now, bytes) {
    this.#points.push([now, bytes]);
    while (this.#points.length > 2 && this.#points[0][0] < now - span) this.#points.shift();
  }

  // perSecond is 0 as long as there is nothing to tell from.
  perSecond(now) {
    if (this.#points.length < 2) return 0;
    const [[since, from], [, to]] = [this.#points[0], this.#points.at(-1)];
    const seconds = (Math.max(now, since + 1) - since) / 1000;
    return seconds < 0.3 ? 0 : Math.max(0, to - from) / seconds;
  }

  left(now, bytes) {
    const rate = this.perSecond(now);
    return rate > 0 ? bytes / rate : Infinity;
  }
}
