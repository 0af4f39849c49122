/** How the drawing elements look. */
import { css } from "lit";

export const drawingStyles = css`
  .bar {
    display: flex;
    gap: 6px;
    align-items: center;
    margin-bottom: 8px;
  }
  .bar button,
  .away {
    padding: 4px 10px;
    border: 1px solid var(--a-line-strong);
    border-radius: var(--a-radius);
    background: var(--a-raised);
  }
  .bar output {
    min-width: 52px;
    text-align: center;
    font-variant-numeric: tabular-nums;
  }
  .space {
    flex: 1;
  }
  .scroll {
    overflow: auto;
    max-height: 680px;
    border-radius: 4px;
    background: var(--a-sunken);
  }
  .stage {
    position: relative;
    width: calc(min(100%, 640px * var(--aspect)) * var(--zoom));
    margin: 0 auto;
    line-height: 0;
  }
  .stage img {
    width: 100%;
    user-select: none;
  }
  svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    cursor: crosshair;
    touch-action: none;
  }
  .shape {
    fill: currentcolor;
    fill-opacity: 0.12;
    stroke: currentcolor;
    stroke-width: 2px;
    vector-effect: non-scaling-stroke;
    cursor: move;
  }
  .shape.open {
    fill: none;
  }
  .shape.selected {
    fill-opacity: 0.25;
    stroke-width: 3px;
  }
  .shape.guess {
    fill-opacity: 0.04;
    stroke-dasharray: 3 5;
  }
  .shape.draft {
    stroke-dasharray: 5 4;
    pointer-events: none;
  }
  .dot,
  .dot.selected,
  .rim,
  .grip {
    fill: none;
    stroke-linecap: round;
    stroke-width: 12px;
    vector-effect: non-scaling-stroke;
  }
  .dot.selected {
    stroke-width: 17px;
  }
  .rim {
    stroke: var(--a-text);
    stroke-width: 13px;
  }
  .grip {
    stroke: var(--a-raised);
    stroke-width: 9px;
    cursor: grab;
  }
  .help {
    margin: 8px 0 0;
    color: var(--a-muted);
    font-size: 0.9em;
  }
  .count {
    margin-top: 16px;
  }
  .list {
    display: grid;
    gap: 2px;
    max-height: 240px;
    margin: 0;
    padding: 0;
    overflow: auto;
    list-style: none;
  }
  .list li {
    display: flex;
    border-radius: var(--a-radius);
  }
  .list li.selected {
    background: var(--a-accent-soft);
  }
  .name {
    display: flex;
    flex: 1;
    gap: 8px;
    align-items: center;
    padding: 4px 8px;
    border: 0;
    background: none;
    text-align: left;
    overflow-wrap: anywhere;
  }
  .away {
    padding: 0 9px;
    border-color: transparent;
    background: none;
    color: var(--a-muted);
  }
`;
