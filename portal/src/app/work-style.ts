import { css } from "lit";

export const workStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto auto minmax(0, 1fr);
    height: 100%;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 16px;
    align-items: center;
    min-height: 50px;
    padding: 6px 16px;
    border-bottom: 1px solid var(--a-line);
    background: var(--a-surface);
  }
  .title {
    flex: 1 1 200px;
    min-width: 0;
  }
  .title h1 {
    overflow: hidden;
    font-size: 1rem;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .fact {
    display: grid;
    gap: 3px;
    color: var(--a-muted);
    font-size: 0.85rem;
    line-height: 1.3;
  }
  .fact progress {
    width: 130px;
    height: 5px;
  }
  .time {
    font-variant-numeric: tabular-nums;
  }
  .time.soon {
    padding: 3px 9px;
    border-radius: var(--a-radius);
    background: var(--a-warn-soft);
    color: var(--a-warn);
    font-weight: 600;
  }
  .banner {
    display: flex;
    gap: 14px;
    align-items: center;
    justify-content: space-between;
    border-radius: 0;
  }
  .frame {
    position: relative;
    min-height: 0;
  }
  iframe {
    display: block;
    width: 100%;
    height: 100%;
    border: 0;
    background: var(--a-page);
  }
  .center {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 12px;
    height: 100%;
    padding: 24px;
    text-align: center;
  }
  .center p {
    max-width: 56ch;
    margin: 0;
  }
  .toast {
    position: absolute;
    bottom: 22px;
    left: 50%;
    z-index: 5;
    transform: translateX(-50%);
    border: 1px solid var(--a-ok);
    pointer-events: none;
  }
  dialog {
    width: min(440px, 92vw);
    padding: 22px;
    border: 1px solid var(--a-line);
    border-radius: 10px;
    background: var(--a-surface);
    color: var(--a-text);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 0.45);
  }
  dialog form {
    display: grid;
    gap: 14px;
  }
  dialog p {
    margin: 0;
  }
  dialog h2 {
    margin: 0;
    font-size: 1.1rem;
  }
  dialog label {
    display: grid;
    gap: 4px;
  }
  textarea {
    padding: 8px 10px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-page);
  }
  .buttons {
    display: flex;
    gap: 10px;
    justify-content: flex-end;
  }
`;
