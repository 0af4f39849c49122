/** Regions of an element: child tags such as `<short-instructions>` are put into the slot of the same name. */
export function slotRegions(host: HTMLElement, regions: readonly string[], then: () => void): () => void {
  const assign = () => {
    for (const child of host.children) {
      const tag = child.tagName.toLowerCase();
      if (regions.includes(tag) && child.slot !== tag) child.slot = tag;
    }
    then();
  };
  const observer = new MutationObserver(assign);
  observer.observe(host, { childList: true });
  assign();
  return () => observer.disconnect();
}

export const hasRegion = (host: HTMLElement, region: string): boolean =>
  [...host.children].some((child) => child.slot === region || child.tagName.toLowerCase() === region);
