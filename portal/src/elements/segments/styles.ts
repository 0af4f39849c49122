import { css, unsafeCSS } from "lit";
import { LANE_HEIGHT, TIMELINE_HEIGHT, WAVE_HEIGHT } from "./waveform.ts";

export const styles = css`
  :host {
    display: block;
    --wave-height: ${unsafeCSS(WAVE_HEIGHT + TIMELINE_HEIGHT)}px;
    --lane-height: ${unsafeCSS(LANE_HEIGHT)}px;
  }
  video {
    display: block;
    width: 100%;
    max-height: 38vh;
    margin-bottom: 12px;
    border-radius: 8px;
    background: #000;
  }
  .card {
    border: 1px solid var(--a-line);
    border-radius: 8px;
    background: var(--a-surface);
  }
  /* Scrolling through a long table leaves the sound in sight. */
  .recording {
    position: sticky;
    top: 0;
    z-index: 10;
  }
  .transport {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 14px;
    align-items: center;
    padding: 8px 10px;
    border-bottom: 1px solid var(--a-line);
  }
  .group {
    display: flex;
    gap: 4px;
    align-items: center;
  }
  .transport button,
  .transport select,
  .add {
    min-height: 32px;
    padding: 3px 10px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-raised);
  }
  .transport button:hover:not(:disabled) {
    border-color: var(--a-accent);
  }
  .transport button[aria-pressed="true"] {
    border-color: var(--a-accent);
    background: var(--a-accent-soft);
  }
  .transport .play {
    min-width: 92px;
    border-color: transparent;
    background: var(--a-accent);
    color: var(--a-on-accent);
    font-weight: 600;
  }
  .transport .mark {
    font-weight: 600;
  }
  .transport .mark[aria-pressed="true"] {
    border-color: transparent;
    background: var(--a-danger);
    color: var(--a-surface);
  }
  .clock {
    min-width: 172px;
    font-family: var(--a-mono);
    font-variant-numeric: tabular-nums;
  }
  .clock .total {
    color: var(--a-muted);
  }
  .spring {
    flex: 1;
  }
  .editor {
    display: grid;
    grid-template-columns: 150px minmax(0, 1fr);
  }
  .tracks {
    border-right: 1px solid var(--a-line);
  }
  .tracks .head {
    display: flex;
    flex-direction: column;
    justify-content: flex-end;
    height: var(--wave-height);
    padding: 6px 10px;
    color: var(--a-muted);
    font-size: 0.82rem;
    line-height: 1.35;
  }
  .tracks button {
    display: flex;
    gap: 8px;
    align-items: center;
    width: 100%;
    height: var(--lane-height);
    padding: 0 8px;
    border: 0;
    border-top: 1px solid var(--a-line);
    background: none;
    text-align: left;
  }
  .tracks button:hover {
    background: color-mix(in srgb, var(--c) 8%, transparent);
  }
  .tracks button[aria-pressed="true"] {
    background: color-mix(in srgb, var(--c) 16%, transparent);
    box-shadow: inset 4px 0 0 var(--c);
    font-weight: 600;
  }
  .tracks .name {
    flex: 1;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .tracks .live {
    color: var(--a-danger);
  }
  kbd {
    min-width: 20px;
    padding: 0 5px;
    border: 1px solid var(--a-line-strong);
    border-radius: 4px;
    background: var(--a-raised);
    color: var(--a-muted);
    font: 0.75rem/1.5 var(--a-mono);
    text-align: center;
  }
  .status {
    min-height: 1.9em;
    margin: 0;
    padding: 4px 12px;
    border-top: 1px solid var(--a-line);
    color: var(--a-muted);
    font-size: 0.88rem;
    line-height: 1.5;
  }
  .status.problem {
    background: var(--a-danger-soft);
    color: var(--a-danger);
  }
  .loading {
    display: grid;
    place-items: center;
    padding: 30px;
    color: var(--a-muted);
  }
  .below {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 320px;
    gap: 14px;
    align-items: start;
    margin-top: 14px;
  }
  .below.alone {
    grid-template-columns: 1fr;
  }
  @media (max-width: 860px) {
    .below {
      grid-template-columns: 1fr;
    }
  }
  .segments {
    overflow-x: auto;
  }
  .segments h2 {
    display: flex;
    gap: 10px;
    align-items: baseline;
    margin: 0;
    padding: 10px 12px 8px;
    font-size: 0.95rem;
  }
  .segments h2 span {
    color: var(--a-muted);
    font-weight: 400;
    font-size: 0.88rem;
  }
  .empty {
    margin: 0;
    padding: 4px 12px 14px;
    color: var(--a-muted);
  }
  .empty label {
    display: flex;
    gap: 8px;
    align-items: center;
    margin-top: 10px;
    color: var(--a-text);
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th {
    padding: 2px 6px 6px;
    color: var(--a-muted);
    font-size: 0.8rem;
    font-weight: 500;
    text-align: left;
  }
  td {
    padding: 3px 4px;
    border-top: 1px solid var(--a-line);
    vertical-align: top;
  }
  td:first-child {
    padding-left: 10px;
    box-shadow: inset 4px 0 0 var(--c);
  }
  /* Rows brought into view stop short of the recording above and the submit bar below. */
  tbody tr {
    scroll-margin: 290px 0 76px;
  }
  tr.selected td {
    background: color-mix(in srgb, var(--c) 13%, transparent);
  }
  tr.faulty td {
    background: var(--a-danger-soft);
  }
  .wide {
    width: 45%;
  }
  td input,
  td select,
  td textarea {
    width: 100%;
    min-height: 30px;
    padding: 3px 6px;
    border: 1px solid transparent;
    border-radius: 4px;
    background: transparent;
  }
  td input:hover,
  td select:hover,
  td textarea:hover,
  td textarea {
    border-color: var(--a-line);
  }
  td input:focus,
  td select:focus,
  td textarea:focus {
    border-color: var(--a-accent);
    background: var(--a-surface);
  }
  td select option {
    background: var(--a-surface);
    color: var(--a-text);
  }
  td textarea {
    display: block;
    min-width: 140px;
    resize: none;
    field-sizing: content;
    line-height: 1.45;
  }
  td .time {
    width: 84px;
    font-family: var(--a-mono);
    font-size: 0.88em;
  }
  td .time[aria-invalid="true"] {
    border-color: var(--a-danger);
  }
  td .track {
    min-width: 96px;
  }
  .icon {
    width: 30px;
    height: 30px;
    padding: 0;
    border: 0;
    border-radius: 4px;
    background: none;
    color: var(--a-muted);
  }
  .icon:hover {
    background: var(--a-sunken);
    color: var(--a-text);
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  dialog {
    width: min(940px, 94vw);
    padding: 18px 22px;
    border: 1px solid var(--a-line);
    border-radius: 10px;
    background: var(--a-surface);
    color: var(--a-text);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 0.45);
  }
  dialog h2 {
    margin: 0 0 10px;
    font-size: 1.1rem;
  }
  .sheet {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(240px, 1fr));
    gap: 6px 26px;
  }
  .sheet h3 {
    margin: 8px 0 6px;
    font-size: 0.92rem;
  }
  .sheet dl {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: 4px 10px;
    margin: 0;
    font-size: 0.9rem;
  }
  .sheet dd {
    margin: 0;
  }
  .close {
    margin-top: 14px;
    text-align: right;
  }
  .close button {
    padding: 6px 14px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-raised);
  }
`;
