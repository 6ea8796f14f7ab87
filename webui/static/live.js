// Live counting: the camera's pictures go to the server, the count and the joints come back.
studio.live = (element, trigger, props, watch, [reported]) => {
  const root = studio.fill(element).querySelector('.live-start');
  const { t } = studio;
  const find = (selector) => root.querySelector(selector);
  const dialog = find('dialog'), video = find('video'), bones = find('canvas'), care = find('.care'), digits = find('.digits');
  const [start, stop] = [find('[data-action=start]'), find('[data-action=stop]')];
  const limit = Number(root.dataset.seconds);
  const LINES = [[5, 7], [7, 9], [6, 8], [8, 10], [5, 6], [5, 11], [6, 12], [11, 12], [11, 13], [13, 15], [12, 14], [14, 16]];
  const SLOW = 10;
  let recorder, pieces, counting, begun, said, retry, begunAt = 0;

  const target = () => find('[name=target]').value;
  root.querySelectorAll('select').forEach((select) => {
    for (const option of select.options) {
      const [number, unit] = option.value.split(' ');
      option.textContent = unit ? t('live.seconds', { n: number }) : Number(number) ? t('live.jumps', { n: number }) : t('live.' + select.name + '.' + number);
    }
  });
  function problem(text) { const e = find('.problem'); e.textContent = text; e.hidden = !text; }
  function warn(text) { care.textContent = text; care.hidden = !text; }

  // Numbers and beeps; where the browser has no voice, a beep.
  let sound;
  function beep(pitch = 880) {
    try {
      sound ??= new AudioContext();
      const tone = sound.createOscillator(), volume = sound.createGain();
      volume.gain.value = 0.3;
      tone.frequency.value = pitch;
      tone.connect(volume).connect(sound.destination);
      tone.start();
      tone.stop(sound.currentTime + 0.15);
    } catch { /* no sound */ }
  }
  function speak(text) {
    const voice = find('[name=voice]').value;
    if (voice === 'off') return;
    if (voice === 'beep' || !window.speechSynthesis) return beep();
    const words = new SpeechSynthesisUtterance(String(text));
    words.lang = studio.words === 'zh' ? 'zh-CN' : 'en-US';
    speechSynthesis.cancel();
    speechSynthesis.speak(words);
  }

  const settings = () => studio.parts['panel-jump']?.settings?.() || {};
  const asked = () => ({ begin: true, settings: settings() });
  const line = studio.liveLine(root, video, {
    tab: 'jump', quality: 0.6, most: 4, opening: () => (counting === true && !begun ? asked() : {}),
    wanted: { facingMode: 'user', height: { ideal: 480 }, frameRate: { ideal: 30 } },
    heard: (value, now) => { begun = value.begun; draw(value.joints); show(value); if (counting) follow(value); advise(value, now); },
    warned: warn, ended,
  });

  async function open() {
    problem('');
    [counting, said, begun] = [false, 0, false];
    try {
      await line.open();
    } catch (error) {
      return problem(error.message);
    }
    show({ count: 0, streak: 0, rate: 0, seconds: 0 });
    warn(t('live.ready'));
    start.hidden = false;
    stop.hidden = true;
    dialog.showModal();
  }

  function advise(value, now) {
    if (!line.running || counting === 'soon') return;
    if (!value.person) return warn(t('live.nobody'));
    if (!value.feet) return warn(t('live.feet'));
    const slow = counting && line.rate() < SLOW && now - begunAt > 4000;
    warn(slow ? t('live.slow', { n: Math.round(line.rate()) }) : counting ? '' : t('live.ready'));
  }
  function show(value) {
    digits.textContent = value.count;
    find('.streak').textContent = value.streak;
    find('.rate').textContent = value.rate;
    const s = Math.floor(value.seconds);
    find('.clock').textContent = Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
  }
  function follow(value) {
    if (counting !== true) return;
    const tens = Math.floor(value.count / 10);
    if (tens > said) { said = tens; speak(tens * 10); }
    const [number, unit] = target().split(' ');
    if (value.full) return line.finish(t('live.over', { minutes: Math.max(1, Math.round(limit / 60)) }));
    if (Number(number) && (unit ? value.seconds : value.count) >= Number(number)) { speak(t('live.done', { count: value.count })); line.finish(); }
  }
  function draw(joints) {
    [bones.width, bones.height] = [video.videoWidth, video.videoHeight];
    const pen = bones.getContext('2d');
    pen.lineWidth = Math.max(3, bones.height / 120);
    pen.strokeStyle = '#2fd6a4';
    for (const [a, b] of LINES) {
      if (!joints[a] || !joints[b]) continue;
      pen.beginPath();
      pen.moveTo(joints[a][0] * bones.width, joints[a][1] * bones.height);
      pen.lineTo(joints[b][0] * bones.width, joints[b][1] * bones.height);
      pen.stroke();
    }
  }

  function countdown(left = 5) {
    if (!line.running) return;
    counting = 'soon';
    start.hidden = true;
    stop.hidden = false;
    digits.textContent = left;
    warn(t('live.soon'));
    if (left > 0) { beep(left === 1 ? 1320 : 660); retry = setTimeout(() => countdown(left - 1), 1000); return; }
    [counting, said, begunAt] = [true, 0, performance.now()];
    line.tell(asked());
    if (find('[name=record]').checked && window.MediaRecorder) record();
    warn('');
  }
  function record() {
    pieces = [];
    recorder = new MediaRecorder(line.stream);
    recorder.ondataavailable = (e) => pieces.push(e.data);
    recorder.start(1000);
  }
  function keep() {
    if (!recorder) return;
    const [made, type] = [pieces, recorder.mimeType];
    recorder.onstop = () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(made, { type }));
      link.download = 'jumps.' + (type.includes('mp4') ? 'mp4' : 'webm');
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60e3);
    };
    recorder.stop();
    recorder = null;
  }

  // The camera is off; what was counted becomes the usual report, unless the server knows nothing of it any more.
  function ended(text, facts) {
    clearTimeout(retry);
    keep();
    dialog.close();
    const counted = counting === true;
    problem(facts.over && counted ? text + ' ' + t('live.sofar', { count: digits.textContent }) : text);
    props.value = { end: true, key: line.key, report: counted && !facts.over };
    trigger(reported);
  }

  root.addEventListener('click', (e) => {
    const action = e.target.closest('[data-action]')?.dataset.action;
    if (action === 'open') open();
    if (action === 'start') countdown();
    if (action === 'stop' || action === 'close') line.finish();
  });
  dialog.addEventListener('cancel', (e) => { e.preventDefault(); line.finish(); });
};
