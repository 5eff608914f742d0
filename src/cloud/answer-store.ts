/** What does not change while a run lasts, asked for once by all who need it. An answer is kept, a failure is not. */
export class AnswerStore {
  readonly #answers = new Map<string, Promise<unknown>>();

  async once<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(what) as Promise<T> | undefined;
    // Another caller's cancelled question is asked again.
    if (known !== undefined) return await known.catch(async () => await this.#ask(what, ask));
    return await this.#ask(what, ask);
  }

  forget(what: string): void {
    this.#answers.delete(what);
  }

  async #ask<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const current = this.#answers.get(what) as Promise<T> | undefined;
    if (current !== undefined) return await current;
    const answer = ask();
    this.#answers.set(what, answer);
    answer.catch(() => this.#answers.delete(what));
    return await answer;
  }
}
