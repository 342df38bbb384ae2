import { useEffect } from 'preact/hooks';

/** Tells styles how much of the window the keyboard of a phone leaves, where the browser does not make the page smaller itself. */
export function useSeenHeight(): void {
  useEffect(() => {
    const seen = globalThis.visualViewport;
    if (!seen) return;
    const { style } = document.documentElement;
    const measure = (): void => {
      // Zoomed in, it is the reader who chose what is seen.
      if (seen.scale === 1) style.setProperty('--seen-height', `${seen.height}px`);
    };
    measure();
    seen.addEventListener('resize', measure);
    return () => {
      seen.removeEventListener('resize', measure);
      style.removeProperty('--seen-height');
    };
  }, []);
}
