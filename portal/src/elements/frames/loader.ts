/** Pictures of a sequence, loaded ahead of the annotator. */
const AHEAD = 16;
const BEHIND = 4;
const AT_ONCE = 4;

interface Loaded {
  readonly image: HTMLImageElement;
  ready: Promise<boolean>;
  state: "loading" | "ready" | "broken";
}

export class Loader {
  private readonly images = new Map<number, Loaded>();
  private readonly sources: readonly string[];
  private loading = 0;
  private at = 0;

  constructor(sources: readonly string[]) {
    this.sources = sources;
  }

  /** Whether a frame can be shown at once. */
  has(at: number): boolean {
    return this.images.get(at)?.state === "ready";
  }

  /** Load a frame, then those around it; false where it cannot be shown. */
  async show(at: number): Promise<boolean> {
    this.at = at;
    if (this.images.get(at)?.state === "broken") this.images.delete(at); // another look may have more luck
    const isThere = await this.load(at);
    if (this.at === at) this.fill();
    return isThere;
  }

  private load(at: number): Promise<boolean> {
    const known = this.images.get(at);
    if (known) return known.ready;
    const image = new Image();
    image.src = this.sources[at] ?? "";
    this.loading++;
    const entry: Loaded = { image, state: "loading", ready: Promise.resolve(false) };
    entry.ready = image.decode().then(
      () => ((entry.state = "ready"), true),
      () => ((entry.state = "broken"), false),
    );
    void entry.ready.then(() => this.loading--);
    this.images.set(at, entry);
    return entry.ready;
  }

  /** Forget what is far away, fetch what comes next. */
  private fill(): void {
    for (const at of this.images.keys()) {
      if (at < this.at - BEHIND || at > this.at + AHEAD) this.images.delete(at);
    }
    for (let at = this.at + 1; at <= this.at + AHEAD && at < this.sources.length; at++) {
      if (this.loading >= AT_ONCE) return;
      if (!this.images.has(at)) void this.load(at).then(() => this.fill());
    }
  }
}
