/** Styles that all pages of the portal share. */
import { css } from "lit";

export const shared = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1 {
    margin: 0;
    font-size: 1.35rem;
    line-height: 1.3;
  }
  a {
    color: var(--a-accent);
  }
  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
  }
  button {
    min-height: 34px;
    padding: 4px 14px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-raised);
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    border-color: var(--a-accent);
  }
  button:disabled {
    cursor: default;
    opacity: 0.55;
  }
  button.primary {
    border-color: transparent;
    background: var(--a-accent);
    color: var(--a-on-accent);
    font-weight: 600;
  }
  button.primary:hover:not(:disabled) {
    background: var(--a-accent-strong);
  }
  button.quiet {
    border-color: transparent;
    background: none;
    color: var(--a-accent);
  }
  button.quiet:hover {
    text-decoration: underline;
  }
  :focus-visible {
    outline: 2px solid var(--a-focus);
    outline-offset: 2px;
  }
  .muted {
    color: var(--a-muted);
  }
  .notice {
    margin: 0;
    padding: 8px 12px;
    border-radius: var(--a-radius);
    background: var(--a-warn-soft);
    color: var(--a-warn);
  }
  .notice.bad {
    background: var(--a-danger-soft);
    color: var(--a-danger);
  }
  .notice.good {
    background: var(--a-ok-soft);
    color: var(--a-ok);
  }
  progress {
    height: 8px;
    border: 0;
    border-radius: 4px;
    overflow: hidden;
    background: var(--a-sunken);
    accent-color: var(--a-accent);
  }
  progress::-webkit-progress-bar {
    background: var(--a-line);
  }
  progress::-webkit-progress-value {
    background: var(--a-accent);
  }
`;
