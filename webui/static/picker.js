// The field for files: every file is taken whatever type the browser gives it; the server says what it cannot use.
studio.picker = (element, trigger, props, watch, [uploaded]) => {
  const box = studio.fill(element).querySelector('.picker');
  const kind = box.dataset.kind;
  const input = box.querySelector('input[type=file]');
  const drop = box.querySelector('.drop');
  const bar = box.querySelector('progress');
  const problem = box.querySelector('.problem');
  const file = box.querySelector('.file');
  const { t } = studio;

  const say = (text) => { problem.textContent = text; problem.hidden = !text; };
  const size = (bytes) => (bytes >= 1e6 ? (bytes / 1e6).toFixed(1) + ' MB' : Math.ceil(bytes / 1e3) + ' kB');

  function show(files) {
    box.classList.toggle('filled', files.length > 0);
    file.hidden = !files.length;
    if (!files.length) return;
    file.querySelector('.name').textContent = files.map((f) => f.orig_name).join(', ');
    const bytes = files.reduce((sum, f) => sum + (f.size || 0), 0);
    file.querySelector('.amount').textContent =
      (files.length > 1 ? t('files.many', { count: files.length }) + ' · ' : '') + (bytes ? size(bytes) : '');
  }

  function send(files) {
    const form = new FormData();
    files.forEach((f) => form.append('files', f, f.name || 'file'));
    const request = new XMLHttpRequest();
    return new Promise((resolve, reject) => {
      request.upload.onprogress = (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
      request.onload = () => (request.status === 200 ? resolve(JSON.parse(request.responseText)) : reject(request.status));
      request.onerror = () => reject(0);
      request.open('POST', studio.base() + '/upload');
      request.send(form);
    });
  }

  async function choose(list) {
    const files = [...list].slice(0, input.multiple ? 50 : 1);
    if (!files.length || box.classList.contains('busy')) return;
    const most = window.studioData.facts.megabytes;
    if (files.some((f) => f.size > most * 1e6)) return say(t('error.size', { megabytes: most }));
    if (files.some((f) => f.size === 0)) return say(t('error.empty'));
    say('');
    box.classList.add('busy');
    bar.hidden = false;
    bar.value = 0;
    try {
      const paths = await send(files);
      accept(paths.map((path, i) => ({
        path, orig_name: files[i].name || 'file', size: files[i].size, meta: { _type: 'gradio.FileData' },
      })));
    } catch (status) {
      say(status === 413 ? t('error.size', { megabytes: most }) : t('upload.failed'));
    } finally {
      box.classList.remove('busy');
      bar.hidden = true;
      input.value = '';
    }
  }

  function accept(files) {
    props.value = files;
    show(files);
    studio.memory.set(kind, { files, at: Date.now() });
    trigger(uploaded);
  }

  async function paste() {
    if (!navigator.clipboard?.read) return say(t('paste.keys'));
    try {
      const items = await navigator.clipboard.read();
      const found = items.flatMap((item) => item.types.filter((x) => x.startsWith('image/')).map((x) => [item, x]))[0];
      if (!found) return say(t('paste.empty'));
      const blob = await found[0].getType(found[1]);
      choose([new File([blob], 'pasted.' + found[1].split('/')[1].replace('jpeg', 'jpg'), { type: found[1] })]);
    } catch (error) {
      say(t(error.name === 'NotAllowedError' ? 'paste.denied' : 'paste.empty'));
    }
  }

  input.addEventListener('change', () => choose(input.files));
  for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    box.addEventListener(name, (e) => {
      e.preventDefault();
      drop.classList.toggle('over', name === 'dragenter' || name === 'dragover');
      if (name === 'drop') choose(e.dataTransfer.files);
    });
  }
  document.addEventListener('paste', (e) => {
    if (!box.offsetParent) return;
    const files = [...(e.clipboardData?.files || [])];
    if (files.length) { e.preventDefault(); choose(files); }
  });
  box.addEventListener('click', (e) => {
    const action = e.target.closest('[data-action]')?.dataset.action;
    if (action === 'paste') paste();
    if (action === 'camera') studio.camera(kind).then((f) => f && choose([f])).catch((error) => say(error.message));
    if (action === 'sample') { say(''); trigger('select'); }
  });
  watch('value', () => {
    const files = props.value || [];
    show(files);
    files.length ? studio.memory.set(kind, { files, at: Date.now() }) : studio.memory.drop(kind);
  });

  async function restore(files) {
    const answers = await Promise.all(files.map((f) => fetch(studio.fileAddress(f.path), { method: 'HEAD' }).catch(() => null)));
    if (answers.every((answer) => answer?.ok)) return accept(files);
    studio.memory.drop(kind);
    say(t('error.lost'));
  }

  // After a reload (a phone drops pages, a connection comes back) the work goes on with the same files.
  const before = studio.memory.get(kind);
  if (before && Date.now() - before.at < 55 * 60e3) {
    setTimeout(() => restore(before.files), 400);
  }
  studio.parts['picker-' + kind] = { choose, open: () => input.click() };
};
