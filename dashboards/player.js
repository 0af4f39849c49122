// The timelines of one object under its waveform, with the media playing. Data in, nothing out: no network but the
// media, no library. Texts of annotators are set as text, never as markup.

const NAMES_PX = 168;
const WAVE_PX = 76;
const LEAST_LABEL_PX = 26;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".player");
  const given = JSON.stringify({ ...data, media: data.media && data.media.name });
  if (root.shown === given) return; // drawn already: a rerun of the page must not stop the sound
  root.shown = given;
  root.end?.();
  const player = new Player(root, data);
  root.end = () => player.end();
  return () => {
    player.end();
    root.shown = null;
  };
}

class Player {
  constructor(root, data) {
    this.data = data;
    this.range = null; // [from, to] that plays alone
    this.duration = Math.max(data.duration || 0, 0.01);
    root.replaceChildren();
    this.media = this.makeMedia(root);
    this.bar = this.makeBar(root);
    this.scroll = add(root, "div", "scroll");
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "group");
    this.scroll.setAttribute("aria-label", "Timelines: space plays, arrows go back and forth by a second");
    this.sheet = add(this.scroll, "div", "sheet");
    this.wave = this.makeWave();
    for (const layer of data.layers) this.makeLayer(layer);
    this.head = add(this.sheet, "div", "head");
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.scroll);
    this.scroll.addEventListener("keydown", (event) => this.key(event));
    this.scroll.addEventListener("scroll", () => this.drawWave());
    this.openAt();
    this.tick();
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.watcher.disconnect();
    this.media?.pause();
  }

  // -- what there is ---------------------------------------------------------------------------------------------

  makeMedia(root) {
    const { media } = this.data;
    if (!media) return null;
    const element = add(root, media.kind === "video" ? "video" : "audio", "media");
    element.preload = "auto";
    element.playsInline = true;
    element.src = media.url;
    element.addEventListener("error", () => this.tell("The media cannot be fetched: is the labeling service up? The link to it is good for a limited time; reload the page for a new one.", true));
    element.addEventListener("click", () => this.toggle());
    return element;
  }

  makeBar(root) {
    const bar = add(root, "div", "bar");
    this.button = add(bar, "button", "play");
    this.button.disabled = !this.media;
    this.button.addEventListener("click", () => this.toggle());
    this.clock = add(bar, "span", "clock");
    this.status = add(bar, "span", "status");
    this.status.setAttribute("role", "status");
    const speed = add(bar, "select", "speed");
    speed.setAttribute("aria-label", "Speed");
    for (const rate of [0.5, 0.75, 1, 1.5, 2]) add(speed, "option", "", `${rate}×`).value = rate;
    speed.value = 1;
    speed.disabled = !this.media;
    speed.addEventListener("change", () => (this.media.playbackRate = Number(speed.value)));
    for (const [text, name, factor] of [["−", "Zoom out", 1 / 1.6], ["+", "Zoom in", 1.6], ["Fit", "Whole object", 0]]) {
      const button = add(bar, "button", "zoom", text);
      button.setAttribute("aria-label", name);
      button.title = name;
      button.addEventListener("click", () => this.zoomBy(factor));
    }
    if (this.data.notice) this.tell(this.data.notice, true);
    return bar;
  }

  makeWave() {
    const row = add(this.sheet, "div", "row wave");
    add(row, "div", "name", this.data.peaks ? "Waveform" : "Time");
    const track = add(row, "div", "track");
    const canvas = add(track, "canvas");
    this.ruler = add(track, "div", "ruler");
    this.shade(track, this.data.disputes, true);
    track.addEventListener("click", (event) => {
      if (event.target.closest(".dispute")) return;
      this.range = null;
      this.seek(((event.clientX - track.getBoundingClientRect().left) / track.clientWidth) * this.duration);
    });
    return canvas;
  }

  makeLayer(layer) {
    add(add(this.sheet, "div", "row title"), "div", "name", layer.name);
    const group = add(this.sheet, "div", "group");
    for (const line of layer.rows) {
      const row = add(group, "div", `row ${line.consensus ? "consensus" : ""}`);
      const name = add(row, "div", "name", line.name);
      name.title = line.title;
      const track = add(row, "div", "track");
      const lanes = laneOf(line.segments);
      const most = Math.max(...lanes, 0) + 1;
      line.segments.forEach((segment, n) => {
        const element = this.makeSegment(track, layer, line, segment);
        if (most > 1) Object.assign(element.style, { top: `${4 + (28 * lanes[n]) / most}px`, height: `${28 / most}px`, bottom: "auto", lineHeight: `${28 / most - 2}px` });
      });
      if (!line.segments.length) add(track, "span", "none", "nothing marked");
    }
    const tracks = add(group, "div", "over");
    this.shade(tracks, this.data.disputes.filter((dispute) => dispute.layer === layer.name), false);
  }

  makeSegment(track, layer, line, { start, end, label, text, note }) {
    const element = add(track, "button", "segment");
    place(element, start, end, this.duration);
    element.style.setProperty("--own", layer.colours[label] || "#999999");
    add(element, "span", "label", label);
    if (text) add(element, "span", "text", text);
    const said = `${label}, ${span(start, end)}, ${line.title}`;
    element.title = [said, note, text && `“${text}”`].filter(Boolean).join("\n");
    element.setAttribute("aria-label", `Play ${said}`);
    element.addEventListener("click", () => this.playOnly(start, end, `${label} · ${line.name}`, element));
    return element;
  }

  shade(track, disputes, isHandle) {
    for (const dispute of disputes) {
      const element = add(track, isHandle ? "button" : "div", `dispute ${dispute.kind}`);
      place(element, dispute.start, dispute.end, this.duration);
      element.dataset.start = dispute.start;
      element.dataset.layer = dispute.layer;
      if (!isHandle) continue;
      element.title = `${dispute.text}\n${span(dispute.start, dispute.end)}`;
      element.setAttribute("aria-label", `Play the disputed ${span(dispute.start, dispute.end)}: ${dispute.text}`);
      element.addEventListener("click", () => {
        this.choose(dispute);
        this.playOnly(dispute.start, dispute.end, dispute.text, element);
      });
    }
  }

  // -- playing ---------------------------------------------------------------------------------------------------

  toggle() {
    if (!this.media) return;
    if (!this.media.paused) return this.media.pause();
    if (this.range && this.media.currentTime >= this.range[1] - 0.02) this.media.currentTime = this.range[0];
    this.play();
  }

  playOnly(from, to, text, element) {
    this.range = [from, to];
    this.playing?.classList.remove("playing");
    this.playing = element;
    element.classList.add("playing");
    this.tell(`${text} · ${span(from, to)}`);
    this.seek(from);
    this.play();
  }

  play() {
    this.media?.play().catch((error) => error.name === "AbortError" || this.tell(`It cannot be played: ${error.message}`, true));
  }

  seek(time) {
    this.now = Math.min(Math.max(time, 0), this.duration);
    if (this.media) this.media.currentTime = this.now;
    this.show();
  }

  tick() {
    const media = this.media;
    if (media && !media.paused) {
      this.now = media.currentTime;
      if (this.range && this.now >= this.range[1]) {
        media.pause();
        media.currentTime = this.now = this.range[1];
      }
      this.follow();
    }
    this.show();
    this.frame = requestAnimationFrame(() => this.tick());
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined && (event.key !== " " || event.target !== this.scroll)) return;
    event.preventDefault();
    if (step === undefined) return this.toggle();
    this.range = null;
    this.seek((this.now || 0) + step);
  }

  // -- showing ---------------------------------------------------------------------------------------------------

  openAt() {
    const { at, disputes } = this.data;
    this.now = at ?? 0;
    this.zoom = 1;
    if (at === null || at === undefined) return;
    const here = disputes.filter((dispute) => Math.abs(dispute.start - at) < 0.002);
    const chosen = here.find((dispute) => dispute.layer === this.data.layer) || here[0];
    if (chosen) {
      this.choose(chosen);
      this.range = [chosen.start, chosen.end];
      this.tell(`${chosen.text} · ${span(chosen.start, chosen.end)}`);
    }
    const length = chosen ? chosen.end - chosen.start : 0;
    this.zoom = Math.max(1, this.duration / Math.max(4 * length, 14));
    this.middle = at + length / 2;
    if (this.media) this.media.addEventListener("loadedmetadata", () => (this.media.currentTime = at), { once: true });
  }

  choose(dispute) {
    for (const element of this.sheet.querySelectorAll(".dispute")) {
      const same = Number(element.dataset.start) === dispute.start && element.dataset.layer === dispute.layer;
      element.classList.toggle("chosen", same);
    }
  }

  tell(text, isProblem = false) {
    this.status.textContent = text;
    this.status.classList.toggle("problem", isProblem);
  }

  zoomBy(factor) {
    const middle = (this.scroll.scrollLeft + this.viewPx() / 2) / this.trackPx();
    this.zoom = factor ? Math.min(Math.max(this.zoom * factor, 1), Math.max(1, this.duration / 1.5)) : 1;
    this.middle = factor ? middle * this.duration : null;
    this.resize();
  }

  viewPx() {
    return Math.max(this.scroll.clientWidth - NAMES_PX, 100);
  }

  trackPx() {
    return this.viewPx() * this.zoom;
  }

  resize() {
    if (!this.scroll.clientWidth) return;
    this.sheet.style.width = `${NAMES_PX + this.trackPx()}px`;
    if (this.middle !== null && this.middle !== undefined) {
      this.scroll.scrollLeft = (this.middle / this.duration) * this.trackPx() - this.viewPx() / 2;
      this.middle = null;
    }
    for (const element of this.sheet.querySelectorAll(".segment")) {
      element.classList.toggle("narrow", element.offsetWidth < LEAST_LABEL_PX);
    }
    this.drawRuler();
    this.drawWave();
    this.show();
  }

  drawRuler() {
    const wanted = (this.duration * 90) / this.trackPx();
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((s) => s >= wanted) || 7200;
    this.ruler.replaceChildren();
    for (let n = 0; n * step < this.duration; n += 1) {
      const mark = add(this.ruler, "span", "", time(n * step, step < 1 ? 1 : 0));
      mark.style.left = `${((n * step) / this.duration) * 100}%`;
    }
  }

  drawWave() {
    const { peaks, peaks_per_s: rate } = this.data;
    const width = this.viewPx();
    const ratio = window.devicePixelRatio || 1;
    const canvas = this.wave;
    canvas.style.left = `${this.scroll.scrollLeft}px`;
    canvas.style.width = `${width}px`;
    canvas.width = width * ratio;
    canvas.height = WAVE_PX * ratio;
    if (!peaks) return;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = getComputedStyle(canvas).color;
    const perPx = (this.duration * rate) / this.trackPx();
    for (let x = 0; x < width; x += 2) {
      const first = Math.floor((this.scroll.scrollLeft + x) * perPx);
      let most = 0;
      for (let n = first; n < Math.max(first + 2 * perPx, first + 1); n += 1) most = Math.max(most, peaks[n] || 0);
      const height = Math.max((most / 255) * (WAVE_PX - 26), 1);
      pen.fillRect(x, 18 + (WAVE_PX - 20 - height) / 2, 1.4, height);
    }
  }

  follow() {
    const x = (this.now / this.duration) * this.trackPx() - this.scroll.scrollLeft;
    if (x < 0 || x > this.viewPx()) this.scroll.scrollLeft += x - this.viewPx() * 0.1;
  }

  show() {
    const playing = this.media && !this.media.paused;
    this.button.textContent = playing ? "❚❚ Pause" : "▶ Play";
    this.clock.textContent = `${time(this.now, 1)} / ${time(this.duration, 1)}`;
    this.head.style.left = `${NAMES_PX + (this.now / this.duration) * this.trackPx()}px`;
  }
}

function add(parent, tag, name = "", text = null) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== null) element.textContent = text;
  if (tag === "button") element.type = "button";
  parent.append(element);
  return element;
}

// Segments that overlap (two people who speak at once) share the height of their row.
function laneOf(segments) {
  const ends = [];
  return segments.map(({ start, end }) => {
    const free = ends.findIndex((last) => last <= start + 0.001);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = end;
    return lane;
  });
}

function place(element, start, end, duration) {
  element.style.left = `${(start / duration) * 100}%`;
  element.style.width = `${(Math.max(end - start, 0) / duration) * 100}%`;
}

function time(seconds, digits) {
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - 60 * minutes).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
}

function span(start, end) {
  return `${time(start, 2)} to ${time(end, 2)} (${(end - start).toFixed(2)} s)`;
}
