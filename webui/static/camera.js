// A dialog with the camera's picture: a photo, or a video until it is stopped.  Gives a File, or null when closed.
studio.camera = async (kind) => {
  const { t } = studio;
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(t('camera.insecure'));
  const wanted = kind === 'photo' ? { video: { facingMode: 'user', width: { ideal: 1920 } } } : { video: { height: { ideal: 720 } }, audio: true };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    throw new Error(t(error.name === 'NotAllowedError' ? 'camera.denied' : 'camera.none'));
  }
  const dialog = document.createElement('dialog');
  dialog.className = 'camera';
  const video = document.createElement('video');
  const take = document.createElement('button');
  const close = document.createElement('button');
  dialog.setAttribute('aria-label', t(kind + '.camera'));
  Object.assign(video, { autoplay: true, muted: true, playsInline: true, srcObject: stream });
  take.textContent = t(kind === 'photo' ? 'camera.take' : 'camera.record');
  close.textContent = t('close');
  take.className = 'act primary';
  close.className = 'act';
  dialog.append(video, take, close);
  document.body.append(dialog);
  dialog.showModal();

  const picture = () => new Promise((resolve) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext('2d').drawImage(video, 0, 0);
    canvas.toBlob((blob) => resolve(new File([blob], 'camera.jpg', { type: 'image/jpeg' })), 'image/jpeg', 0.95);
  });

  return new Promise((resolve) => {
    let recorder = null;
    const end = (result) => {
      stream.getTracks().forEach((track) => track.stop());
      dialog.remove();
      resolve(result);
    };
    const record = () => {
      const pieces = [];
      recorder = new MediaRecorder(stream);
      const suffix = recorder.mimeType.includes('mp4') ? 'mp4' : 'webm';
      recorder.ondataavailable = (e) => pieces.push(e.data);
      recorder.onstop = () => end(new File(pieces, 'camera.' + suffix, { type: recorder.mimeType }));
      recorder.start(1000);
      take.textContent = t('camera.stop');
    };
    take.addEventListener('click', async () => {
      if (kind === 'photo') return end(await picture());
      recorder ? recorder.stop() : record();
    });
    close.addEventListener('click', () => end(null));
    dialog.addEventListener('cancel', () => end(null));
  });
};
