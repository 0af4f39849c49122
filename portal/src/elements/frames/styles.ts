/** How the editor of sequences looks. */
import { css } from "lit";

export const frameStyles = css`
  .scroll {
    max-height: calc(100vh - 275px);
    min-height: 240px;
  }
  .stage {
    width: calc(min(100%, (100vh - 275px) * var(--aspect)) * var(--zoom));
  }
  .stage.waiting {
    cursor: progress;
  }
  .tag {
    position: absolute;
    padding: 1px 5px;
    border-radius: 3px 3px 3px 0;
    background: color-mix(in srgb, var(--colour) 88%, black);
    color: light-dark(#fff, #10171a);
    font-size: 11px;
    line-height: 1.35;
    pointer-events: none;
    transform: translateY(-100%);
    white-space: nowrap;
  }
  .tag.under {
    transform: none;
  }
  .tag.guess {
    opacity: 0.8;
  }
  .timeline {
    display: grid;
    gap: 8px;
    margin-top: 10px;
  }
  .moves {
    display: flex;
    gap: 6px;
    align-items: center;
  }
  .moves button {
    min-width: 34px;
    padding: 4px 9px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-raised);
    line-height: 1.2;
  }
  .moves .play {
    min-width: 44px;
  }
  .frame {
    margin-left: 8px;
    font-variant-numeric: tabular-nums;
    font-weight: 600;
  }
  .file {
    overflow: hidden;
    color: var(--a-muted);
    font-size: 0.9em;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .track input {
    display: block;
    width: 100%;
    margin: 0;
  }
  .track svg {
    position: static;
    display: block;
    width: calc(100% - 16px);
    height: 16px;
    margin: 4px 8px 0;
    border-radius: 3px;
    background: var(--a-sunken);
    cursor: default;
  }
  .anything {
    fill: var(--a-muted);
    opacity: 0.55;
  }
  .present {
    fill: currentcolor;
    opacity: 0.4;
  }
  .keys {
    stroke: currentcolor;
    stroke-width: 3px;
    vector-effect: non-scaling-stroke;
  }
  .options {
    max-height: clamp(160px, 27vh, 460px);
    overflow: auto;
  }
  .option {
    padding: 6px 10px;
  }
  .list {
    max-height: clamp(150px, 24vh, 460px);
  }
  .list .guess {
    color: var(--a-muted);
    font-style: italic;
  }
  .what {
    margin-left: auto;
    color: var(--a-muted);
    font-size: 0.85em;
    font-style: normal;
    white-space: nowrap;
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
    margin-top: 8px;
  }
  .acts button {
    padding: 4px 8px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-raised);
    font-size: 0.88em;
  }
  .fields {
    display: grid;
    gap: 8px;
    margin-top: 8px;
  }
  .fields label {
    display: grid;
    gap: 2px;
    font-size: 0.93em;
  }
  .fields .field {
    padding: 4px 8px;
  }
  .none {
    margin: 4px 0 0;
    color: var(--a-muted);
    font-size: 0.93em;
  }
  .keysheet {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 3px 10px;
    margin: 6px 0 0;
    font-size: 0.88em;
  }
  .keysheet dd {
    margin: 0;
  }
  details {
    margin-top: 14px;
    color: var(--a-muted);
  }
  summary {
    cursor: pointer;
    font-size: 0.93em;
  }
`;
