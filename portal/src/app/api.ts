/** The service's HTTP API for annotators. The session is a cookie that scripts cannot read. */
import { isRecord } from "../shared/protocol.ts";

export interface Worker {
  name: string;
  subject: string;
  teams: string[];
  /** Where their provider's own session ends; null for a local account. */
  signOutUrl: string | null;
}

/** How people sign in here. */
export interface WaysIn {
  local_accounts: boolean;
  provider: { name: string; sign_in_url: string } | null;
}

export interface Job {
  job_name: string;
  title: string;
  description: string;
  task_type: string;
  keywords: string[];
  available: number;
  answered_by_me: number;
  total: number;
  status: string;
}

export interface Task {
  task_id: string;
  job_name: string;
  object_id: string;
  title: string;
  description: string;
  lease_expires_at: string;
  frame_url: string;
  draft: unknown;
  answered_by_me: number;
  total: number;
}

export type Next = { task: Task } | { task: null; reason: string };

/** The service answered, and refused. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** No usable answer came: connection lost, service restarting, time out. Worth trying again. */
export class Unreachable extends Error {}

const TIMEOUT_MS = 20_000;

export class Api {
  private csrf = "";
  /** Service clock minus this computer's, in milliseconds: leases end by the service's clock. */
  skew = 0;
  /** Called when the session has ended. */
  onSignedOut: () => void = () => {};

  async session(): Promise<Worker | null> {
    try {
      return this.enter(await this.call("GET", "session"));
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null;
      throw error;
    }
  }

  async waysIn(): Promise<WaysIn> {
    return (await this.call("GET", "ways-in")) as WaysIn;
  }

  async signIn(username: string, password: string): Promise<Worker> {
    return this.enter(await this.call("POST", "session", { username, password }));
  }

  async signOut(): Promise<void> {
    await this.call("DELETE", "session");
    this.csrf = "";
  }

  async jobs(): Promise<Job[]> {
    return ((await this.call("GET", "jobs")) as { jobs: Job[] }).jobs;
  }

  async next(jobName: string | null): Promise<Next> {
    return (await this.call("POST", "tasks/next", jobName ? { job_name: jobName } : {})) as Next;
  }

  async saveDraft(taskId: string, draft: unknown): Promise<void> {
    await this.call("PUT", `tasks/${encodeURIComponent(taskId)}/draft`, { draft });
  }

  async answer(taskId: string, answer: unknown, idempotencyKey: string): Promise<void> {
    const headers = { "Idempotency-Key": idempotencyKey };
    await this.call("POST", `tasks/${encodeURIComponent(taskId)}/answer`, { answer }, headers);
  }

  async release(taskId: string): Promise<void> {
    await this.call("POST", `tasks/${encodeURIComponent(taskId)}/release`, {});
  }

  async decline(taskId: string, reason: string): Promise<void> {
    await this.call("POST", `tasks/${encodeURIComponent(taskId)}/decline`, reason ? { reason } : {});
  }

  private enter(body: unknown): Worker {
    const session = body as { worker: Omit<Worker, "signOutUrl">; csrf_token: string; sign_out_url: string | null };
    this.csrf = session.csrf_token;
    return { ...session.worker, signOutUrl: session.sign_out_url };
  }

  private async call(
    method: string,
    path: string,
    body?: unknown,
    extra: Record<string, string> = {},
  ): Promise<unknown> {
    const headers: Record<string, string> = { Accept: "application/json", ...extra };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method !== "GET") headers["X-CSRF-Token"] = this.csrf;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`/portal/api/${path}`, {
        method,
        headers,
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch {
      throw new Unreachable("The labeling service does not answer.");
    }
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.skew = date - Date.now();
    if (response.ok) return text ? JSON.parse(text) : null;
    if (response.status >= 500) throw new Unreachable(`The labeling service has a problem (${response.status}).`);
    const { code, message } = errorOf(text);
    if (response.status === 401 && path !== "session") this.onSignedOut();
    throw new Refused(response.status, code, message || `The service refused this (${response.status}).`);
  }
}

function errorOf(text: string): { code: string; message: string } {
  try {
    const body: unknown = JSON.parse(text);
    const error = isRecord(body) && isRecord(body.error) ? body.error : {};
    return { code: String(error.code ?? ""), message: String(error.message ?? "") };
  } catch {
    return { code: "", message: "" };
  }
}

/** A key for one answer; works without a secure context too. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
