// The way of live pictures: the camera's go to the server over one WebSocket, a few at a time, and answers come back.
// A piece gives its root and video, the tab's name, what it wants of the camera, and what to do with answers.
studio.liveLine = (root, video, { tab, wanted, quality, most, leaves, opening, before, heard, pictured, warned, ended }) => {
  const { t } = studio;
  const LINES_HIGH = 480, APART = 50, ANSWER = 10e3, TRIES = 20, UNSENT = 80e3;
  const canvas = document.createElement('canvas');
  let stream, socket, key = '', running = false, waiting = 0, encoding = false, last = 0, tries = 0, retry, silence, looked = [];

  async function open() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error(t('camera.insecure'));
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    } catch (error) {
      throw new Error(t({ NotAllowedError: 'camera.denied', NotReadableError: 'live.taken' }[error.name] || 'camera.none'));
    }
    track().addEventListener('ended', () => finish(t('live.unplugged')));
    video.srcObject = stream;
    [key, running, looked, tries, last] = ['', true, [], 0, 0];
    connect();
    next();
  }
  const track = () => stream.getVideoTracks()[0];

  function connect() {
    const address = new URL((window.gradio_config?.root || location.origin) + '/live/' + tab, location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(address);
    socket.binaryType = 'blob';
    [waiting, encoding] = [0, false];
    const mine = socket;
    socket.onopen = () => { tell({ open: key, ...opening() }); listen(); };
    socket.onmessage = (e) => { if (mine === socket && running) typeof e.data === 'string' ? answer(JSON.parse(e.data)) : pictured(e.data); };
    socket.onclose = () => { if (mine === socket && running) again(); };
  }
  // A connection that broke off is taken up again; after a restart of the server it knows nothing of this session.
  function again() {
    clearTimeout(silence);
    if (++tries > TRIES) return finish(t('live.gone'));
    warned(t('live.waiting'));
    retry = setTimeout(connect, 1000);
  }
  function listen() {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), ANSWER);
  }
  const tell = (message) => { if (socket.readyState === 1) socket.send(JSON.stringify(message)); };

  function next() {
    if (!running) return;
    video.requestVideoFrameCallback ? video.requestVideoFrameCallback((now) => { take(now); next(); }) : setTimeout(() => { take(performance.now()); next(); }, APART);
  }
  // About twenty pictures a second at 480 lines; none while the last ones are not answered, so that the delay stays short.
  function take(now) {
    if (!video.videoWidth || now - last < APART - 12 || encoding || waiting >= most || socket.readyState !== 1 || socket.bufferedAmount > UNSENT) return;
    last = now;
    const scale = Math.min(1, LINES_HIGH / Math.min(video.videoHeight, video.videoWidth));
    [canvas.width, canvas.height] = [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
    canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
    const mine = socket;
    encoding = true;
    canvas.toBlob((jpeg) => {
      if (mine !== socket) return;
      encoding = false;
      if (!jpeg || !running || socket.readyState !== 1) return;
      before?.(tell);
      const time = new DataView(new ArrayBuffer(8));
      time.setFloat64(0, now / 1000, true);
      socket.send(new Blob([time, jpeg]));
      waiting += 1;
    }, 'image/jpeg', quality);
  }

  function answer(facts) {
    listen();
    if (facts.over) return finish(facts.said, facts);
    [key, tries] = [facts.key, 0];
    waiting = Math.max(0, waiting - facts.frames);
    if (facts.time === undefined) return;
    const now = performance.now();
    looked = [...looked.filter(([when]) => now - when < 3000), [now, facts.frames]];
    root.dataset.delay = Math.round(now - 1000 * facts.time);
    root.dataset.rate = rate().toFixed(1);
    heard(facts, now);
  }
  // Pictures a second that were answered, over the last three seconds.
  const rate = () => looked.reduce((sum, [, n]) => sum + n, 0) / 3;

  function finish(text = '', facts = {}) {
    if (!running) return;
    running = false;
    clearTimeout(retry);
    clearTimeout(silence);
    stream.getTracks().forEach((one) => one.stop());
    video.srcObject = null;
    if (leaves) tell({ leave: true });
    socket.close();
    delete root.dataset.rate;
    ended(text, facts);
  }
  document.addEventListener('visibilitychange', () => { if (document.hidden) finish(t('live.hidden')); });
  addEventListener('pagehide', () => finish());
  return { open, finish, tell, track, rate, get key() { return key; }, get running() { return running; }, get stream() { return stream; } };
};
