// Runs before the page is drawn: the colours that were chosen here, else the system's.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch {
    // storage may be forbidden: then it is the system's
  }
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
}
