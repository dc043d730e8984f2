import type { Line } from './lines.js';

/**
 * Lines for one side, in order, with texts of our own between them. Lines that are side by side in the chunk in which
 * they were read leave as one piece of it: nothing is copied, and many lines take one write.
 */
export class WriteBatch<Text extends string = never> {
  readonly #parts: (Buffer | Text)[] = [];
  #chunk: Buffer | undefined;
  #start = 0;
  #end = 0;

  /** Adds the bytes of a line as they came. */
  addLine(line: Line): void {
    if (line.earlier.length === 0 && line.chunk === this.#chunk && line.start === this.#end) {
      this.#end = line.end;
      return;
    }
    this.#close();
    for (const part of line.earlier) this.#parts.push(part);
    this.#chunk = line.chunk;
    this.#start = line.start;
    this.#end = line.end;
  }

  addText(text: Text): void {
    this.#close();
    this.#parts.push(text);
  }

  /** @returns all of it, to be written in this order */
  parts(): readonly (Buffer | Text)[] {
    this.#close();
    return this.#parts;
  }

  #close(): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    const isWhole = this.#start === 0 && this.#end === chunk.length;
    this.#parts.push(isWhole ? chunk : chunk.subarray(this.#start, this.#end));
    this.#chunk = undefined;
  }
}
