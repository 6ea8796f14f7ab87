// Live counting: the camera's pictures go to the server a few at a time, the count and the joints come back.
studio.live = (element, trigger, props, watch, [sent, ended]) => {
  const root = studio.fill(element).querySelector('.live-start');
  const { t } = studio;
  const find = (selector) => root.querySelector(selector);
  const dialog = find('dialog'), video = find('video'), bones = find('canvas'), care = find('.care'), digits = find('.digits');
  const [start, stop] = [find('[data-action=start]'), find('[data-action=stop]')];
  const limit = Number(root.dataset.seconds);
  const LINES = [[5, 7], [7, 9], [6, 8], [8, 10], [5, 6], [5, 11], [6, 12], [11, 12], [11, 13], [13, 15], [12, 14], [14, 16]];
  const LINES_HIGH = 480, APART = 50, MOST = 8, SLOW = 10, ANSWER = 10e3;
  const canvas = document.createElement('canvas');
  let stream, recorder, pieces, queue, waiting, seq = 0, sentAt, first, begin, running, counting, said, last, timer, retry, amount = 0, begunAt = 0;

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

  async function open() {
    problem('');
    if (!navigator.mediaDevices?.getUserMedia) return problem(t('camera.insecure'));
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', height: { ideal: 480 }, frameRate: { ideal: 30 } } });
    } catch (error) {
      return problem(t({ NotAllowedError: 'camera.denied', NotReadableError: 'live.taken' }[error.name] || 'camera.none'));
    }
    stream.getVideoTracks()[0].addEventListener('ended', () => finish(t('live.unplugged')));
    video.srcObject = stream;
    [queue, waiting, first, begin, running, counting, said, last] = [[], false, true, false, true, false, 0, -1];
    looked = [];
    show({ count: 0, streak: 0, rate: 0, seconds: 0 });
    warn(t('live.ready'));
    start.hidden = false;
    stop.hidden = true;
    dialog.showModal();
    next();
  }

  // About twenty pictures a second at 480 lines; where the way is slow, every second one of those that wait is left out.
  function next() {
    if (!running) return;
    video.requestVideoFrameCallback ? video.requestVideoFrameCallback((now) => { take(now); next(); }) : setTimeout(() => { take(performance.now()); next(); }, APART);
  }
  function take(now) {
    if (!video.videoWidth || now - last < APART - 12) return;
    last = now;
    const scale = Math.min(1, LINES_HIGH / Math.min(video.videoHeight, video.videoWidth));
    [canvas.width, canvas.height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
    canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
    const jpeg = canvas.toDataURL('image/jpeg', 0.6);
    queue.push({ time: now / 1000, jpeg: jpeg.slice(jpeg.indexOf(',') + 1) });
    if (queue.length > MOST) queue = queue.filter((_, i) => i % 2);
    send();
  }
  function send() {
    if (waiting || !queue.length || !running) return;
    waiting = ++seq;
    sentAt = performance.now();
    const settings = studio.parts['panel-jump']?.settings?.() || {};
    props.value = { seq, frames: queue, first, begin, settings };
    amount = queue.length;
    [queue, first, begin] = [[], false, false];
    clearTimeout(timer);
    timer = setTimeout(lost, ANSWER);
    trigger(sent);
  }
  function lost() {
    if (!running || !waiting) return;
    warn(t('live.waiting'));
    waiting = false;
    send();
  }

  watch('value', () => {
    const value = props.value;
    if (!value || value.answer === undefined || value.answer !== waiting) return;
    waiting = false;
    clearTimeout(timer);
    if (!running) return;
    if (value.over) return finish(counting === true ? value.said + ' ' + t('live.sofar', { count: digits.textContent }) : value.said, false);
    if (value.joints) { looked.push([performance.now(), amount]); draw(value.joints); }
    root.dataset.delay = Math.round(performance.now() - sentAt);
    show(value);
    if (counting) follow(value);
    advise(value);
    send();
  });

  // Pictures a second that the server looked at, over the last three seconds.
  let looked = [];
  function advise(value) {
    const now = performance.now();
    looked = looked.filter(([when]) => now - when < 3000);
    const pictures = looked.reduce((sum, [, n]) => sum + n, 0) / 3;
    root.dataset.rate = pictures.toFixed(1);
    if (counting === 'soon') return;
    if (!value.person) return warn(t('live.nobody'));
    if (!value.feet) return warn(t('live.feet'));
    const slow = counting && pictures < SLOW && now - begunAt > 4000;
    warn(slow ? t('live.slow', { n: Math.round(pictures) }) : counting ? '' : t('live.ready'));
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
    if (value.full) return finish(t('live.over', { minutes: Math.round(limit / 60) }), true);
    if (Number(number) && (unit ? value.seconds : value.count) >= Number(number)) { speak(t('live.done', { count: value.count })); finish('', true); }
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
    if (!running) return;
    counting = 'soon';
    start.hidden = true;
    stop.hidden = false;
    digits.textContent = left;
    warn(t('live.soon'));
    if (left > 0) { beep(left === 1 ? 1320 : 660); retry = setTimeout(() => countdown(left - 1), 1000); return; }
    [begin, counting, said, begunAt] = [true, true, 0, performance.now()];
    if (find('[name=record]').checked && window.MediaRecorder) record();
    warn('');
  }
  function record() {
    pieces = [];
    recorder = new MediaRecorder(stream);
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

  // The camera goes off; what was counted becomes the usual report.
  function finish(text = '', report = counting === true) {
    if (!running) return;
    running = false;
    clearTimeout(timer);
    clearTimeout(retry);
    keep();
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
    dialog.close();
    problem(text);
    props.value = { end: true, report: Boolean(report) };
    trigger(ended);
  }

  root.addEventListener('click', (e) => {
    const action = e.target.closest('[data-action]')?.dataset.action;
    if (action === 'open') open();
    if (action === 'start') countdown();
    if (action === 'stop' || action === 'close') finish();
  });
  dialog.addEventListener('cancel', (e) => { e.preventDefault(); finish(); });
  document.addEventListener('visibilitychange', () => { if (document.hidden && running) finish(t('live.hidden')); });
  addEventListener('pagehide', () => running && finish());
  studio.parts.live = { calm: () => { if (running && waiting) { warn(t('live.waiting')); waiting = false; setTimeout(send, 2000); } } };
};
