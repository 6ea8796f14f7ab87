// The comparison: the photo before and after under one divider; faces to touch; saving.
studio.stage = (element, trigger, props, watch, [saveEvent, saveAllEvent, stopEvent, turnEvent]) => {
  const root = studio.fill(element).querySelector('.stage');
  const pictures = root.querySelector('.pictures');
  const [after, before] = [root.querySelector('img.after'), root.querySelector('img.before')];
  const handle = root.querySelector('.handle');
  const faces = root.querySelector('.faces');
  const note = root.querySelector('.notes');
  const work = root.querySelector('.work');
  const { t } = studio;
  const panel = () => studio.parts['panel-beauty'];
  let split = 50, held = null, photo = null, face = -1, start = null;

  function divide(percent) {
    split = Math.min(100, Math.max(0, percent));
    pictures.style.setProperty('--split', split + '%');
    handle.setAttribute('aria-valuenow', Math.round(split));
    handle.setAttribute('aria-valuetext', t('compare.value', { percent: Math.round(split) }));
  }
  const hold = (on) => {
    if (on && held === null) { held = split; divide(100); }
    if (!on && held !== null) { divide(held); held = null; }
    root.classList.toggle('holding', on);
  };

  // A sideways move takes the divider along, an upright one scrolls the page, a tap chooses a face.
  const percentAt = (e) => { const r = pictures.getBoundingClientRect(); return (100 * (e.clientX - r.left)) / r.width; };
  pictures.addEventListener('pointerdown', (e) => {
    if (e.button !== 0) return;
    start = { x: e.clientX, y: e.clientY, moved: false };
    pictures.setPointerCapture(e.pointerId);
  });
  pictures.addEventListener('pointermove', (e) => {
    if (!start) return;
    if (Math.abs(e.clientX - start.x) > 5) start.moved = true;
    if (start.moved) divide(percentAt(e));
  });
  pictures.addEventListener('pointerup', (e) => {
    if (start && !start.moved) tap(e);
    start = null;
  });
  pictures.addEventListener('pointercancel', () => { start = null; });
  pictures.addEventListener('dragstart', (e) => e.preventDefault());
  handle.addEventListener('keydown', (e) => {
    const step = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 }[e.key];
    if (step) { e.preventDefault(); divide(split + step); }
  });

  function tap(e) {
    const r = pictures.getBoundingClientRect();
    const [x, y] = [(e.clientX - r.left) / r.width, (e.clientY - r.top) / r.height];
    const hit = (photo?.faces || []).findIndex((f) => f.box && x >= f.box[0] && x <= f.box[2] && y >= f.box[1] && y <= f.box[3]);
    if (hit >= 0 && photo.faces.length > 1) chooseFace(hit === face ? -1 : hit);
    else if (hit < 0) divide(percentAt(e));
  }
  function chooseFace(number) {
    face = number;
    drawFaces();
    panel()?.chooseFace(number);
  }
  function drawFaces() {
    faces.replaceChildren();
    const list = photo?.faces || [];
    if (list.length < 2) return;
    list.forEach((f, i) => {
      if (!f.box) return;
      const b = Object.assign(document.createElement('button'), { type: 'button', className: 'face' });
      Object.assign(b.style, { left: 100 * f.box[0] + '%', top: 100 * f.box[1] + '%', width: 100 * (f.box[2] - f.box[0]) + '%', height: 100 * (f.box[3] - f.box[1]) + '%' });
      b.setAttribute('aria-pressed', face === i);
      b.setAttribute('aria-label', t('face.choose', { number: i + 1 }));
      b.addEventListener('keydown', (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); chooseFace(i === face ? -1 : i); } });
      faces.append(b);
    });
  }

  function open(value) {
    photo = value;
    face = -1;
    before.src = value.before;
    after.src = value.after;
    before.alt = t('compare.before.alt', { name: value.name });
    after.alt = t('compare.after.alt', { name: value.name });
    pictures.style.aspectRatio = value.size[0] + ' / ' + value.size[1];
    pictures.style.setProperty('--ratio', value.size[0] / value.size[1]);
    root.hidden = false;
    document.body.classList.add('has-photo');
    root.dataset.kind = value.kind;
    divide(50);
    drawFaces();
    describe(value);
    root.querySelector('.turn').hidden = !(value.count > 1);
    root.querySelector('.turn span').textContent = value.count > 1 ? value.number + 1 + ' / ' + value.count : '';
    root.querySelector('[data-action=save] [data-t]').textContent =
      t(value.kind === 'video' ? 'save.film' : value.count > 1 ? 'save.batch' : 'save.photo');
    panel()?.enable(true);
    panel()?.resetFace();
  }
  function describe(value) {
    note.replaceChildren();
    for (const line of value.notes) note.append(Object.assign(document.createElement('li'), { textContent: line }));
    const details = root.querySelector('.found');
    details.querySelector('ul').replaceChildren(...value.faces.map((f) => Object.assign(document.createElement('li'), { textContent: f.text })));
    details.hidden = !value.faces.length;
    details.querySelector('summary').textContent = t('faces.found', { count: value.faces.length });
  }
  function close() {
    photo = null;
    root.hidden = true;
    document.body.classList.remove('has-photo');
    panel()?.enable(false);
  }
  function progress(value) {
    const running = value.progress !== undefined;
    root.classList.toggle('saving', running);
    root.querySelector('[data-action=save]').disabled = running;
    root.querySelector('[data-action=save]').setAttribute('aria-busy', running);
    work.hidden = !running;
    if (!running) return;
    work.querySelector('p').textContent = value.text;
    const bar = work.querySelector('progress');
    value.progress === null ? bar.removeAttribute('value') : (bar.value = value.progress);
    work.querySelector('[data-action=stop]').hidden = !value.stoppable;
  }
  const busy = (on) => { root.classList.toggle('busy', on); pictures.setAttribute('aria-busy', on); };

  watch('value', () => {
    const value = props.value;
    if (!value) return close();
    if (value.before && value.size) open(value);
    else if (value.after && photo) {
      after.src = value.after;
      const plain = value.before || photo.before;
      if (before.src !== plain) before.src = plain;
    }
    if (value.thumbs) panel()?.setThumbs(value.thumbs);
    if (value.said) note.replaceChildren(Object.assign(document.createElement('li'), { textContent: value.said }));
    if (value.saved) studio.download(value.saved.path, value.saved.name);
    if (value.progress !== undefined || value.done) progress(value);
    if (value.seq !== undefined) panel()?.answered(value.seq);
  });

  root.addEventListener('click', (e) => {
    const action = e.target.closest('[data-action]')?.dataset.action;
    if (action === 'save') { progress({ progress: null, text: t('status.saving'), stoppable: false }); trigger(photo.kind === 'video' || photo.count > 1 ? saveAllEvent : saveEvent); }
    if (action === 'stop') trigger(stopEvent);
    if (action === 'other') studio.parts['picker-photo']?.open();
    if (action === 'next' || action === 'last') {
      props.value = { turn: (photo.number + (action === 'next' ? 1 : photo.count - 1)) % photo.count };
      busy(true);
      trigger(turnEvent);
    }
  });
  const holder = root.querySelector('[data-action=hold]');
  holder.addEventListener('pointerdown', (e) => { e.preventDefault(); holder.setPointerCapture(e.pointerId); hold(true); });
  for (const end of ['pointerup', 'pointercancel', 'blur']) holder.addEventListener(end, () => hold(false));
  holder.addEventListener('keydown', (e) => { if (e.key === ' ' || e.key === 'Enter') { e.preventDefault(); hold(true); } });
  holder.addEventListener('keyup', () => hold(false));
  holder.addEventListener('contextmenu', (e) => e.preventDefault());

  studio.parts.stage = { busy, calm: () => { busy(false); progress({ done: true }); } };
  close();
};
