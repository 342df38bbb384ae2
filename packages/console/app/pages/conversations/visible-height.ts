import { useEffect } from 'preact/hooks';

/** Sets `--visible-height` to the height above a phone's keyboard, for browsers that do not resize the page themselves. */
export function useVisibleHeight(): void {
  useEffect(() => {
    const viewport = globalThis.visualViewport;
    if (!viewport) return;
    const { style } = document.documentElement;
    const measure = (): void => {
      // Not while the reader has zoomed in.
      if (viewport.scale === 1) style.setProperty('--visible-height', `${viewport.height}px`);
    };
    measure();
    viewport.addEventListener('resize', measure);
    return () => {
      viewport.removeEventListener('resize', measure);
      style.removeProperty('--visible-height');
    };
  }, []);
}
