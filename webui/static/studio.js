// What all parts of the page share: texts in the visitor's language, messages, addresses, memory of this visit.
window.studio = (() => {
  'use strict';
  const languages = (navigator.languages || [navigator.language]).map((l) => l.slice(0, 2).toLowerCase());
  const words = languages.find((l) => l === 'zh' || l === 'en') || 'en';
  const table = window.studioData.texts[words];
  const parts = {};

  const t = (key, blanks = {}) =>
    (table['studio_' + key.replace(/[. ]/g, '_')] ?? key).replace(/\{(\w+)\}/g, (_, name) => blanks[name] ?? '');

  function fill(root) {
    root.querySelectorAll('[data-t]').forEach((e) => { e.textContent = table[e.dataset.t] ?? e.dataset.t; });
    root.querySelectorAll('[data-t-label]').forEach((e) => e.setAttribute('aria-label', table[e.dataset.tLabel] ?? ''));
    return root;
  }

  const base = () => {
    const config = window.gradio_config || {};
    return (config.root || '') + (config.api_prefix || '/gradio_api');
  };
  const fileAddress = (path) => base() + '/file=' + path.split('/').map(encodeURIComponent).join('/');

  function download(path, name) {
    const link = document.createElement('a');
    link.href = fileAddress(path);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
  }

  // Gradio says these in English only.
  const KNOWN = [
    [/^Connection Lost$/, 'lost.title'], [/^Connection to the server was lost/, 'lost.text'],
    [/^Error$/, 'error'], [/^Warning$/, 'notice'], [/^Info$/, 'notice'],
    [/queue is full/i, 'error.busy'], [/exceeds the maximum/i, 'error.size'],
    [/^(Connection errored out|Could not (parse|get)|Failed to fetch|NetworkError)/i, 'lost.text'],
  ];
  function translateMessages() {
    document.querySelectorAll('.toast-wrap .toast-title, [data-testid=toast-text]').forEach((e) => {
      const said = e.textContent.trim();
      const known = KNOWN.find(([pattern]) => pattern.test(said));
      if (known && said !== limited(known[1])) e.textContent = limited(known[1]);
    });
    document.querySelectorAll('.toast-close').forEach((e) => {
      if (e.getAttribute('aria-label') !== t('close')) e.setAttribute('aria-label', t('close'));
    });
  }
  const limited = (key) => t(key, { megabytes: window.studioData.facts.megabytes });

  // A message tells that something failed: nothing is waited for any more.
  function watchMessages() {
    let seen = 0;
    new MutationObserver(() => {
      const toasts = document.querySelectorAll('.toast-wrap .toast-body');
      if (toasts.length > seen) Object.values(parts).forEach((part) => part.calm?.());
      seen = toasts.length;
      if (seen) translateMessages();
      nameGradio();
    }).observe(document.body, { childList: true, subtree: true });
  }

  // Gradio names its footer in English only.
  function nameGradio() {
    const footer = document.querySelector('footer[aria-label]');
    if (footer && footer.getAttribute('aria-label') !== t('footer')) footer.setAttribute('aria-label', t('footer'));
  }

  const memory = {
    get: (key) => { try { return JSON.parse(sessionStorage.getItem('studio.' + key)); } catch { return null; } },
    set: (key, value) => { try { sessionStorage.setItem('studio.' + key, JSON.stringify(value)); } catch { /* full */ } },
    drop: (key) => { try { sessionStorage.removeItem('studio.' + key); } catch { /* none */ } },
  };

  function start() {
    document.documentElement.lang = words === 'zh' ? 'zh-CN' : 'en';
    watchMessages();
  }
  document.readyState === 'loading' ? document.addEventListener('DOMContentLoaded', start) : start();
  return { words, t, fill, base, fileAddress, download, memory, parts };
})();
