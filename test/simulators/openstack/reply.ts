export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiCall {
  readonly method: string;
  /** Below the service's version. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export function failure(status: number, message: string): Reply {
  return { status, body: { error: { code: status, message } } };
}
