/** Undo and redo over whole states. Changes that name the same `topic` in a row count as one step. */
export class History<T> {
  private past: T[] = [];
  private future: T[] = [];
  private topic: string | null = null;
  private held: T | null = null;
  present: T;

  constructor(initial: T) {
    this.present = initial;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Make a step. Typing in one field passes the same topic each time and is undone at once. */
  commit(next: T, topic: string | null = null): void {
    if (topic === null || topic !== this.topic) this.past.push(this.present);
    this.topic = topic;
    this.future = [];
    this.present = next;
  }

  /** Show a state while a drag goes on; `settle` makes the whole drag one step. */
  preview(next: T): void {
    this.held ??= this.present;
    this.present = next;
  }

  settle(): void {
    if (this.held === null) return;
    const before = this.held;
    this.held = null;
    if (before === this.present) return;
    this.past.push(before);
    this.topic = null;
    this.future = [];
  }

  undo(): boolean {
    return this.step(this.past, this.future);
  }

  redo(): boolean {
    return this.step(this.future, this.past);
  }

  private step(from: T[], to: T[]): boolean {
    const next = from.pop();
    if (next === undefined) return false;
    to.push(this.present);
    this.present = next;
    this.topic = null;
    return true;
  }
}
