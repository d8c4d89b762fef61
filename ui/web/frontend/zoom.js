/** A photo that can be looked at from near: wheel, two fingers, a double click; and swipes where it is not near. */

const MOST = 12, SWIPE = 50, AWAY = 110, FAR = 1.6;

export class Zoom {
  /** @param {HTMLElement} stage @param {HTMLElement} held @param {{step: function, close: function, far: function}} does */
  constructor(stage, held, does) {
    Object.assign(this, {stage, held, does, fingers: new Map()});
    stage.addEventListener("wheel", event => {
      event.preventDefault();
      this.by(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), event);
    }, {passive: false});
    stage.addEventListener("dblclick", event => (this.scale > 1 ? this.reset() : this.by(2.5, event)));
    stage.addEventListener("pointerdown", event => this.down(event));
    stage.addEventListener("pointermove", event => this.moved(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, event => this.up(event));
    this.reset();
  }

  reset() {
    [this.scale, this.x, this.y] = [1, 0, 0];
    this.draw();
  }

  /** Come nearer by a factor, to a point of the screen or to the middle. */
  by(factor, at) {
    const scale = Math.min(MOST, Math.max(1, this.scale * factor));
    const {left, top, width, height} = this.stage.getBoundingClientRect();
    const x = at ? at.clientX - left - width / 2 : 0, y = at ? at.clientY - top - height / 2 : 0;
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    if (scale > FAR) this.does.far();
    this.draw();
  }

  draw() {
    if (this.scale === 1) [this.x, this.y] = [0, 0];
    const room = (inside, outside) => Math.max(0, (inside * this.scale - outside) / 2);
    const across = room(this.held.offsetWidth, this.stage.clientWidth), down = room(this.held.offsetHeight, this.stage.clientHeight);
    this.x = Math.min(across, Math.max(-across, this.x));
    this.y = Math.min(down, Math.max(-down, this.y));
    this.held.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.held.style.setProperty("--vs-scale", String(this.scale));
    this.stage.classList.toggle("vs-near", this.scale > 1);
  }

  down(event) {
    if (event.button) return;
    this.stage.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    if (this.fingers.size === 1) this.begun = event;
    else this.begun = null; // two fingers are no swipe
  }

  moved(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    this.fingers.set(event.pointerId, event);
    if (this.fingers.size === 2) {
      const [other] = [...this.fingers.values()].filter(one => one.pointerId !== event.pointerId);
      const far = one => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      this.by(far(event) / Math.max(1, far(before)),
        {clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2});
    } else if (this.scale > 1) {
      this.x += event.clientX - before.clientX;
      this.y += event.clientY - before.clientY;
      this.draw();
    }
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    const {begun} = this;
    this.begun = null;
    if (!begun || this.scale > 1 || event.type === "pointercancel") return;
    const x = event.clientX - begun.clientX, y = event.clientY - begun.clientY;
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) this.does.step(x < 0 ? 1 : -1);
    else if (y > AWAY && y > 2 * Math.abs(x)) this.does.close();
    else if (Math.hypot(x, y) < 4 && !this.held.contains(document.elementFromPoint(event.clientX, event.clientY))) this.does.close();
  }
}
