/**
 * Work that the service does not have yet, kept in this tab until it does: drafts that could not be saved, and an answer
 * on its way. Survives a reload and a new sign-in of the same worker; gone when the tab is closed.
 */
export interface Pending {
  key: string;
  answer: Record<string, unknown>;
}

interface Kept {
  draft?: unknown;
  pending?: Pending;
}

const PREFIX = "annolake.work.";

export class Keep {
  private readonly store: Storage | null;

  constructor(store: Storage | null = safeStorage()) {
    this.store = store;
  }

  /** Work is kept by worker, job and object, so that it is found again when the same object comes in a new task. */
  static place(subject: string, jobName: string, objectId: string): string {
    return `${PREFIX}${subject}\n${jobName}\n${objectId}`;
  }

  draft(place: string): unknown {
    return this.read(place).draft ?? null;
  }

  pending(place: string): Pending | null {
    return this.read(place).pending ?? null;
  }

  putDraft(place: string, draft: unknown): void {
    this.write(place, { ...this.read(place), draft });
  }

  putPending(place: string, pending: Pending): void {
    this.write(place, { ...this.read(place), pending });
  }

  dropPending(place: string): void {
    const { pending: _, ...rest } = this.read(place);
    this.write(place, rest);
  }

  drop(place: string): void {
    this.store?.removeItem(place);
  }

  private read(place: string): Kept {
    try {
      return JSON.parse(this.store?.getItem(place) ?? "{}") as Kept;
    } catch {
      return {};
    }
  }

  private write(place: string, kept: Kept): void {
    try {
      this.store?.setItem(place, JSON.stringify(kept));
    } catch {
      // The tab's storage is full or forbidden; the draft on the service remains.
    }
  }
}

function safeStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
