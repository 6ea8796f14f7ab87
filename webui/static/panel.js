// A panel of settings.  It keeps the values, tells the server the latest of them, and goes back and forth in history.
studio.panel = (element, trigger, props, watch, [changedEvent]) => {
  const root = studio.fill(element).querySelector('.panel');
  const { t } = studio;
  const name = root.dataset.panel;
  const presets = JSON.parse(root.dataset.presets || '{}');
  const controls = [...root.querySelectorAll('.control')];
  const waits = root.dataset.waits === 'yes';
  const past = [], future = [];
  let current, face = -1, seq = 0, waiting = 0, queued = false, down = false, last = 0, sentAt = 0;

  const kindOf = (c) => c.querySelector('input').type;
  const valueOf = (c) => {
    const input = c.querySelector('input');
    if (input.type === 'checkbox') return input.checked;
    if (input.type === 'radio') return c.querySelector('input:checked')?.value ?? JSON.parse(c.dataset.default);
    return input.value === '' ? JSON.parse(c.dataset.default) : Number(input.value);
  };
  const settings = () => Object.fromEntries(controls.map((c) => [c.dataset.name, valueOf(c)]));

  function put(values) {
    for (const c of controls) {
      if (!(c.dataset.name in values)) continue;
      const value = values[c.dataset.name];
      const input = c.querySelector('input');
      if (input.type === 'checkbox') input.checked = value;
      else if (input.type === 'radio') c.querySelectorAll('input').forEach((e) => { e.checked = e.value === value; });
      else input.value = input.type === 'number' && value === 0 ? '' : value;
    }
    refresh();
  }

  const shown = (c) => {
    const value = valueOf(c);
    if (typeof value !== 'number') return '';
    return String(c.dataset.share ? Math.round(value * 100) : Math.round(value * 1000) / 1000);
  };

  function refresh() {
    const now = settings();
    for (const c of controls) {
      const output = c.querySelector('output');
      if (!output) continue;
      output.textContent = shown(c);
      const input = c.querySelector('input');
      const at = (value) => (100 * (value - input.min)) / (input.max - input.min);
      const ends = [at(input.value), at(Math.max(0, input.min))].sort((a, b) => a - b);
      input.style.setProperty('--from', ends[0] + '%');
      input.style.setProperty('--to', ends[1] + '%');
      const pick = root.querySelector(`.pick[data-for="${c.dataset.name}"] b`);
      if (pick) pick.textContent = shown(c);
    }
    const same = (p) => Object.entries(p).every(([k, v]) => now[k] === v);
    root.querySelectorAll('input[name=preset]').forEach((e) => { e.checked = same(presets[e.value]); });
    const undo = root.querySelector('[data-action=undo]'), redo = root.querySelector('[data-action=redo]');
    if (undo) [undo.disabled, redo.disabled] = [!past.length, !future.length];
  }

  // On a slow line a slider's way is not sent, only where it is let go.
  function send() {
    if (begun) begun.sent = true;
    if (waits && waiting && Date.now() - sentAt < 20e3) { queued = true; return; }
    if (down && last > 700) { queued = true; return; }
    queued = false;
    waiting = waits ? ++seq : 0;
    sentAt = Date.now();
    props.value = { ...state(), seq: waits ? seq : ++seq };
    trigger(changedEvent);
    if (waits) studio.parts.stage?.busy(true);
  }
  function state() {
    const show = [...root.querySelectorAll('input[name=show]:checked')].map((e) => e.value);
    const narrow = Math.min(innerWidth, innerHeight) < 700;
    const slow = navigator.connection?.saveData || /2g|3g/.test(navigator.connection?.effectiveType || '');
    return { settings: settings(), face, show, screen: slow ? 720 : narrow ? 800 : 1024 };
  }
  function answered(number) {
    if (number && number < waiting) return;
    if (waiting) last = Date.now() - sentAt;
    waiting = 0;
    queued ? send() : studio.parts.stage?.busy(false);
  }

  let timer, begun = null;
  const soon = () => { clearTimeout(timer); timer = setTimeout(send, waits ? (begun ? 90 : 30) : 300); };
  function commit() {
    const now = settings();
    if (JSON.stringify(now) === JSON.stringify(current)) return;
    past.push(current);
    if (past.length > 100) past.shift();
    future.length = 0;
    current = now;
    studio.memory.set('panel-' + name, now);
    refresh();
  }
  function travel(from, to) {
    if (!from.length) return;
    to.push(current);
    current = from.pop();
    put(current);
    soon();
  }
  function use(values) { put(values); commit(); soon(); }

  // A swipe that begins on a slider and scrolls the page leaves the slider as it was.
  root.addEventListener('pointerdown', (e) => {
    down = e.target.type === 'range';
    begun = down && e.pointerType === 'touch' ? { input: e.target, value: e.target.value } : null;
  }, true);
  const released = (e) => {
    if (!down) return;
    down = false;
    if (e.type === 'pointercancel' && begun) {
      begun.input.value = begun.value;
      refresh();
      if (begun.sent) send();
      clearTimeout(timer);
    } else if (queued && !waiting) send();
    begun = null;
  };
  addEventListener('pointerup', released, true);
  addEventListener('pointercancel', released, true);
  root.addEventListener('input', (e) => {
    if (e.target.name === 'preset') return use(presets[e.target.value]);
    if (e.target.name === 'show') return soon();
    refresh();
    soon();
  });
  root.addEventListener('change', (e) => { down = false; if (e.target.name !== 'show') { commit(); if (queued && !waiting) send(); } });
  root.addEventListener('click', (e) => {
    const at = e.target.closest('[data-action], [data-for], [data-tab]');
    if (!at) return;
    if (at.dataset.action === 'undo') travel(past, future);
    if (at.dataset.action === 'redo') travel(future, past);
    if (at.dataset.action === 'reset') use(defaults());
    if (at.dataset.for) activate(at.dataset.for);
    if (at.dataset.tab) openTab(at.dataset.tab);
  });
  root.addEventListener('keydown', (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'z') { e.preventDefault(); e.shiftKey ? travel(future, past) : travel(past, future); }
  });

  const defaults = () => Object.fromEntries(controls.map((c) => [c.dataset.name, JSON.parse(c.dataset.default)]));

  // For narrow screens: a tab per group, a chip per slider (where there are several), one slider at a time.
  function activate(which) {
    controls.forEach((c) => c.classList.toggle('active', c.dataset.name === which));
    root.querySelectorAll('.pick').forEach((e) => e.setAttribute('aria-pressed', e.dataset.for === which));
  }
  function openTab(which) {
    root.querySelectorAll('.group').forEach((g) => g.classList.toggle('active', g.dataset.group === which));
    root.querySelectorAll('[data-tab]').forEach((e) => e.setAttribute('aria-pressed', e.dataset.tab === which));
    const first = root.querySelector('.group.active .pick[aria-pressed=true]') || root.querySelector('.group.active .pick');
    if (first) activate(first.dataset.for);
  }
  function addTabs() {
    const tabs = document.createElement('div');
    tabs.className = 'tabs';
    for (const group of root.querySelectorAll('.group')) {
      const tab = Object.assign(document.createElement('button'), { type: 'button', className: 'tab' });
      tab.dataset.tab = group.dataset.group;
      tab.textContent = t('group.' + group.dataset.group);
      tabs.append(tab);
      const sliders = [...group.querySelectorAll('.control')].filter((c) => kindOf(c) === 'range');
      if (sliders.length === 1) sliders[0].classList.add('only');
      if (sliders.length < 2) continue;
      const row = document.createElement('div');
      row.className = 'picks';
      for (const c of sliders) {
        const pick = Object.assign(document.createElement('button'), { type: 'button', className: 'pick' });
        pick.dataset.for = c.dataset.name;
        pick.append(c.querySelector('[data-t]').textContent + ' ', document.createElement('b'));
        row.append(pick);
      }
      group.insertBefore(row, group.children[1]);
    }
    root.prepend(tabs);
    openTab(root.querySelector('.group').dataset.group);
  }

  put({ ...defaults(), ...(studio.memory.get('panel-' + name) || {}) });
  current = settings();
  if (root.dataset.tabs === 'yes') addTabs();
  refresh();
  props.value = { ...state(), seq: 0 };
  studio.parts['panel-' + name] = {
    answered, settings, calm: () => answered(0),
    chooseFace: (number) => { face = number; send(); },
    resetFace: () => { face = -1; if (props.value) props.value = { ...props.value, face: -1 }; },
    setThumbs: (thumbs) => Object.entries(thumbs).forEach(([preset, source]) => {
      const img = root.querySelector(`img[data-preset="${preset}"]`);
      if (img) [img.src, img.hidden] = [source, false];
    }),
    enable: (on) => root.classList.toggle('asleep', !on),
  };
};
