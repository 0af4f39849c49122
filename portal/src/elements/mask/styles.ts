/** How the segmentation element looks. */
import { css } from "lit";

export const maskStyles = css`
  .scroll {
    max-height: calc(100vh - 190px);
    min-height: 240px;
  }
  .stage {
    width: calc(min(100%, (100vh - 190px) * var(--aspect)) * var(--zoom));
  }
  canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    image-rendering: pixelated;
    pointer-events: none;
    touch-action: none;
  }
  canvas.paints {
    pointer-events: auto;
    cursor: none;
  }
  .tip {
    position: absolute;
    border: 2px solid var(--colour);
    border-radius: 50%;
    outline: 1px solid #fff;
    pointer-events: none;
    transform: translate(-50%, -50%);
  }
  .bar {
    flex-wrap: wrap;
  }
  .bar .tools {
    display: flex;
    margin: 0 8px;
  }
  .bar .tools button {
    border-radius: 0;
    margin-left: -1px;
  }
  .bar .tools button:first-child {
    border-radius: var(--a-radius) 0 0 var(--a-radius);
  }
  .bar .tools button:last-child {
    border-radius: 0 var(--a-radius) var(--a-radius) 0;
  }
  .bar .tools button[aria-pressed="true"] {
    z-index: 1;
    border-color: var(--a-accent);
    background: var(--a-accent-soft);
    font-weight: 600;
  }
  .range {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 2px 8px;
    margin-top: 12px;
    font-size: 0.93em;
  }
  .range input {
    grid-column: 1 / -1;
    width: 100%;
    margin: 0;
  }
  .range output {
    color: var(--a-muted);
    font-variant-numeric: tabular-nums;
  }
  .shares {
    display: grid;
    grid-template-columns: 12px 1fr auto;
    gap: 4px 8px;
    align-items: center;
    margin: 0;
    font-size: 0.93em;
  }
  .shares output {
    font-variant-numeric: tabular-nums;
  }
  .options {
    max-height: 260px;
    overflow: auto;
  }
  .option {
    padding: 6px 10px;
  }
`;
