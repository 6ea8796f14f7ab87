// The live preview of the beauty tab: the retouched picture lies over the camera's own; the shutter opens a photo.
studio.mirror = (element) => {
  const root = studio.fill(element).querySelector('.live-start');
  const { t } = studio;
  const find = (selector) => root.querySelector(selector);
  const view = find('.mirror'), video = find('video'), canvas = find('canvas'), care = find('.care');
  const start = find('[data-action=open]'), shutter = find('[data-action=take]'), holder = find('[data-action=hold]');
  const SLOW = 6, TAKE = 4000, limit = Number(root.dataset.seconds);
  const panel = () => studio.parts['panel-beauty'];
  let told, begunAt, hadPhoto, drawn;

  function problem(text) { const e = find('.problem'); e.textContent = text; e.hidden = !text; }
  function warn(text) { care.textContent = text; care.hidden = !text; }
  const settings = () => ({ settings: panel()?.settings() || {} });

  const line = studio.liveLine(root, video, {
    tab: 'beauty', quality: 0.8, most: 2, leaves: true,
    wanted: { facingMode: 'user', width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: { ideal: 30 } },
    opening: () => { told = JSON.stringify(settings()); return settings(); },
    before: (tell) => { const now = JSON.stringify(settings()); if (now !== told) { told = now; tell(settings()); } },
    heard: advise, pictured: draw, warned: warn, ended,
  });

  async function open() {
    problem('');
    start.disabled = true;
    try {
      await line.open();
    } catch (error) {
      return problem(error.message);
    } finally {
      start.disabled = false;
    }
    [begunAt, hadPhoto, drawn] = [performance.now(), document.body.classList.contains('has-photo'), 0];
    canvas.hidden = true;
    const user = line.track().getSettings?.().facingMode !== 'environment';
    view.classList.toggle('mirrored', user);
    show(true);
    warn('');
  }
  function show(on) {
    view.hidden = !on;
    start.hidden = on;
    document.body.classList.toggle('is-live', on);
    document.body.classList.toggle('has-photo', on || hadPhoto);
    panel()?.enable(on || hadPhoto);
  }

  function advise(facts, now) {
    if (facts.full) return line.finish(t('live.over', { minutes: Math.max(1, Math.round(limit / 60)) }));
    const slow = line.rate() < SLOW && now - begunAt > 4000;
    warn(slow ? t('mirror.slow', { n: Math.round(line.rate()) }) : facts.faces ? '' : t('mirror.nobody'));
  }
  async function draw(blob) {
    const number = ++drawn;
    const picture = await createImageBitmap(blob);
    if (number === drawn && line.running) {
      [canvas.width, canvas.height] = [picture.width, picture.height];
      canvas.getContext('2d').drawImage(picture, 0, 0);
      canvas.hidden = false;
      root.dataset.drawn = drawn;
    }
    picture.close();
  }

  // A photo at the camera's full size where the browser can take one, else the video's frame.
  async function photo() {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('late')), TAKE));
    try {
      const camera = new ImageCapture(line.track());
      const { imageWidth, imageHeight } = await Promise.race([camera.getPhotoCapabilities(), late]);
      const size = imageWidth?.max ? { imageWidth: imageWidth.max, imageHeight: imageHeight.max } : {};
      const blob = await Promise.race([camera.takePhoto(size), late]);
      if (blob.type === 'image/jpeg' || blob.type === 'image/png') return blob;
    } catch { /* no ImageCapture, or the camera did not answer */ }
    const whole = document.createElement('canvas');
    [whole.width, whole.height] = [video.videoWidth, video.videoHeight];
    whole.getContext('2d').drawImage(video, 0, 0);
    return new Promise((resolve) => whole.toBlob(resolve, 'image/jpeg', 0.95));
  }
  async function take() {
    shutter.disabled = true;
    const blob = await photo();
    shutter.disabled = false;
    if (!line.running || !blob) return;
    line.finish();
    const suffix = blob.type === 'image/png' ? 'png' : 'jpg';
    studio.parts['picker-photo']?.choose([new File([blob], 'camera.' + suffix, { type: blob.type })]);
  }
  function ended(text) {
    show(false);
    problem(text);
  }

  root.addEventListener('click', (e) => {
    const action = e.target.closest('[data-action]')?.dataset.action;
    if (action === 'open') open();
    if (action === 'take') take();
    if (action === 'close') line.finish();
  });
  const hold = (on) => view.classList.toggle('original', on);
  holder.addEventListener('pointerdown', (e) => { e.preventDefault(); holder.setPointerCapture(e.pointerId); hold(true); });
  for (const end of ['pointerup', 'pointercancel', 'blur', 'keyup']) holder.addEventListener(end, () => hold(false));
  holder.addEventListener('keydown', (e) => { if (e.key === ' ' || e.key === 'Enter') { e.preventDefault(); hold(true); } });
  holder.addEventListener('contextmenu', (e) => e.preventDefault());
};
