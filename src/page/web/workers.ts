/**
 * Removes what a program that had this address before may have left in the browser: a service worker, through which
 * all that is said to us would go. Where one has this page, it is loaded again without.
 */
export async function removeWorkers(): Promise<void> {
  const workers = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
  const left = (await workers?.getRegistrations().catch(() => [])) ?? [];
  await Promise.all(left.map((registration) => registration.unregister()));
  if (left.length === 0 || !workers?.controller) return;
  location.reload();
  await new Promise(() => {});
}
